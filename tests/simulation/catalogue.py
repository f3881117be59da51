"""The fault catalogue (reliability.md §2), row by row: the storms that make it happen, the tests that show it, or why it does not apply.

Which storms belong to a row is said where they are (`Storm.rows`); here is what else there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.simulation.storms import STORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What shows one row of the catalogue, besides the storms that name it."""

    counters: tuple[str, ...] = ()
    """Faults that storms bring with them: what a power cut does to a disk is drawn sector by sector."""
    tests: tuple[str, ...] = ()
    """`file::name`, relative to the repository."""
    reason: str = ""
    """Why the row, or a part of it, does not apply."""


_DAMAGE = "tests/kills/test_damage.py"
_STORE = "tests/store/test_sqlite.py"
_WEATHER = "tests/ocpp/test_link_weather.py"
_LINK = "tests/ocpp/test_link.py"
_FRAMES = "tests/bad_days/test_frames.py"
_PAYLOADS = "tests/bad_days/test_payloads.py"
_SOCKET = "tests/ocpp/test_websocket.py"
_CLOCK = "tests/bad_days/test_clock.py"
_METER = "tests/core/test_metering.py"
_BAD_METERS = "tests/bad_days/test_meters.py"
_TAPS = "tests/core/test_taps.py"
_ENERGY = "tests/core/test_energy.py"
_DEVICES = "tests/mqtt/test_client.py"

CATALOGUE: Mapping[str, Row] = MappingProxyType(
    {
        # --- process, power, disk
        "D1": Row(
            counters=("lost sector",),
            tests=("tests/kills/test_kills.py::test_a_dozen_kills_lose_and_double_nothing",),
        ),
        "D2": Row(tests=("tests/journeys/test_b08_power_cut.py::test_two_sessions_and_a_gap_make_the_meters_truth",)),
        "D3": Row(tests=("tests/core/test_recovery.py::test_twenty_crashes_in_a_row_are_one_outage",)),
        "D4": Row(
            tests=(
                "tests/bad_days/test_disk.py::test_what_runs_is_ended_and_nothing_new_starts",
                "tests/kills/test_kills.py::test_kills_on_a_full_disk_lose_and_double_nothing",
                f"{_STORE}::test_killed_on_a_full_disk_it_begins_again_with_what_it_had_in_reserve",
            ),
        ),
        "D5": Row(
            counters=("sync error", "write error"),
            tests=(
                "tests/simulation/test_failed_sync.py::test_what_is_committed_after_a_failed_sync_and_a_crash_survives_the_next_power_cut",
            ),
        ),
        "D6": Row(
            tests=(
                f"{_DAMAGE}::test_damaged_while_it_was_dead",
                f"{_DAMAGE}::test_damaged_while_it_runs",
                f"{_STORE}::test_a_damaged_database_is_set_aside_and_the_bridge_runs",
                f"{_STORE}::test_the_log_of_a_damaged_database_is_kept_and_not_played_into_the_new_one",
                "tests/store/test_codec.py::test_a_bit_that_turned_over_is_noticed_wherever_it_is",
                "tests/store/test_schema.py::test_a_database_that_is_not_ours_is_refused_and_left_alone",
            ),
            reason="Not in the simulation: what a damaged file has lost no ledger could hold against the bridge.",
        ),
        "D7": Row(
            tests=(
                "tests/bad_days/test_start.py::test_a_second_instance_leaves_the_first_alone",
                "tests/bad_days/test_brokers.py::test_two_bridges_of_one_name",
                f"{_STORE}::test_a_second_bridge_is_refused",
                "tests/bad_days/test_quirks.py::test_a_second_connection_that_is_refused",
            ),
            reason="Not in the simulation: the lock is the operating system's, and one process holds all of its lives.",
        ),
        "D8": Row(
            tests=(
                "tests/store/test_crash.py::test_what_was_told_to_be_on_the_disk_is_there_after_a_kill",
                f"{_FRAMES}::test_a_central_system_that_asks_and_does_not_listen_fills_no_memory",
                "tests/ocpp/test_tray.py::test_everything_has_a_limit",
            ),
            reason="To the store being killed for memory is being killed; what is kept has a limit, each with a test of its own.",
        ),
        "D9": Row(
            tests=(
                "tests/bad_days/test_signals.py::test_in_mid_session_while_a_record_waits_for_its_answer",
                "tests/core/test_recovery.py::test_a_planned_stop_is_a_reboot",
            ),
        ),
        "D10": Row(
            tests=(
                f"{_DAMAGE}::test_an_older_copy_is_put_back",
                "tests/mqtt/test_parsing.py::test_a_finished_session_is_known_again_and_other_words_are_none",
                "tests/test_clock.py::test_no_id_is_drawn_twice_not_even_after_a_restart",
            ),
            reason=(
                "Not in the simulation, since a copy knows nothing of what the ledgers hold. It names no new session like an old one; "
                "what it had queued goes again with the same content, and a session it had open is ended again."
            ),
        ),
        "D11": Row(
            tests=(
                "tests/ocpp/test_delivery.py::test_a_tap_in_the_middle_of_a_long_queue_is_next",
                "tests/store/test_leaps.py::test_a_long_queue_is_moved_to_its_end",
            ),
        ),
        # --- central system
        "W1": Row(
            tests=(
                f"{_WEATHER}::test_every_refusal_is_tried_again_for_ever",
                f"{_SOCKET}::test_an_unknown_name_says_what_to_do",
                f"{_SOCKET}::test_a_dead_address_leaves_time_for_the_next",
                "tests/ocpp/test_backoff.py::test_a_thousand_stations_do_not_come_back_together",
            ),
        ),
        "W2": Row(tests=(f"{_WEATHER}::test_a_half_open_link_is_found_by_pings",)),
        "W3": Row(tests=(f"{_WEATHER}::test_a_mute_central_system_is_left_and_tried_again",)),
        "W4": Row(
            tests=(
                f"{_LINK}::test_a_late_answer_is_not_taken_for_another",
                f"{_TAPS}::test_a_late_answer_teaches_the_cache_and_does_nothing_else",
            ),
        ),
        "W5": Row(tests=("tests/ocpp/test_attempts.py::test_an_error_answer_waits_longer_each_time_and_then_parks",)),
        "W6": Row(
            counters=("refused after green",),
            tests=("tests/journeys/test_b16_refused_after_green.py::test_energy_off_and_the_transaction_stopped",),
        ),
        "W7": Row(tests=("tests/bad_days/test_quirks.py::test_whatever_a_transaction_is_called_it_is_charged_and_billed",)),
        "W8": Row(
            tests=(
                f"{_WEATHER}::test_whatever_the_close_code_the_link_comes_back",
                f"{_WEATHER}::test_a_peer_that_hangs_up_at_once_is_not_hammered",
                f"{_WEATHER}::test_a_wrong_subprotocol_is_no_connection",
            ),
        ),
        "W9": Row(
            tests=(
                f"{_SOCKET}::test_redirects_are_refused_and_carry_no_password_anywhere",
                f"{_WEATHER}::test_retry_after_is_kept_to",
            ),
        ),
        "W10": Row(
            tests=(
                f"{_LINK}::test_a_message_too_long_for_the_central_system_does_not_block_the_queue",
                f"{_WEATHER}::test_a_frame_that_is_too_large_costs_the_connection_and_no_more",
                "tests/ocpp/test_attempts.py::test_a_message_that_kills_the_link_three_times_is_put_aside",
            ),
        ),
        "W11": Row(
            tests=(
                f"{_FRAMES}::test_what_cannot_be_answered_is_ignored",
                f"{_FRAMES}::test_what_no_websocket_may_send_costs_the_link_and_no_more",
                "tests/ocpp/test_frames.py::test_any_bytes_and_any_text_end_in_a_frame_or_in_a_refusal",
            ),
        ),
        "W12": Row(
            tests=(
                f"{_FRAMES}::test_a_flood_of_requests_is_answered_within_limits_and_nobody_else_waits",
                "tests/ocpp/test_inbound.py::test_an_id_in_work_is_refused_until_it_is_answered",
            ),
        ),
        "W13": Row(
            tests=(
                "tests/ocpp/test_backoff.py::test_boot_is_repeated_after_the_interval_within_reason",
                "tests/ocpp/test_delivery.py::test_pending_sends_only_what_is_triggered",
                "tests/ocpp/test_times.py::test_any_text_is_a_time_or_none",
            ),
        ),
        "W14": Row(tests=(f"{_LINK}::test_a_central_system_that_lost_its_memory_gets_a_boot",)),
        "W15": Row(
            tests=(
                "tests/core/test_step.py::test_every_event_is_answered_in_every_state",
                "tests/journeys/test_b15_requests.py::test_start_stop_and_unlock_from_afar",
            ),
        ),
        "W16": Row(
            tests=(
                f"{_SOCKET}::test_a_certificate_that_nobody_vouches_for_is_refused_every_time",
                f"{_SOCKET}::test_a_certificate_of_another_host_is_refused",
                f"{_SOCKET}::test_old_tls_is_refused",
                "tests/bad_days/test_addresses.py::test_a_good_certificate_is_all_it_takes",
            ),
            reason="A refused certificate is to the simulation a refused connection (W1); TLS itself needs real sockets.",
        ),
        "W17": Row(
            tests=(f"{_SOCKET}::test_a_certificate_that_nobody_vouches_for_is_refused_every_time",),
            reason="Verification is never relaxed, whatever the clock says; what a wrong clock does to times is C1.",
        ),
        # --- clock
        "C1": Row(
            tests=(
                f"{_CLOCK}::test_sessions_before_anybody_knew_the_time",
                f"{_CLOCK}::test_what_a_life_without_a_time_left_is_sent_by_the_next",
            ),
        ),
        "C2": Row(tests=("tests/core/test_sessions.py::test_a_clock_that_is_put_back_does_not_turn_a_transaction_around",)),
        "C3": Row(tests=("tests/core/test_deciding.py::test_a_yes_of_the_backend_counts_whatever_the_clocks_say_of_its_expiry",)),
        "C4": Row(tests=("tests/core/test_step.py::test_a_central_system_whose_clock_is_a_minute_off_is_an_alert",)),
        "C5": Row(tests=("tests/core/test_clockwork.py::test_after_a_sleep_one_sample_is_taken_and_dated_now",)),
        # --- broker and hardware
        "M1": Row(
            tests=(
                f"{_DEVICES}::test_after_a_restart_of_the_broker_everything_is_there_again",
                "tests/core/test_vehicle.py::test_an_unplug_that_happened_while_the_broker_was_away_is_seen_from_its_state",
                "tests/kills/test_neighbours.py::test_a_broker_that_is_killed_costs_nobody_a_session",
            ),
        ),
        "M2": Row(tests=("tests/test_site.py::test_a_card_held_to_the_reader_is_one_tap",)),
        "M3": Row(
            tests=(
                f"{_PAYLOADS}::test_a_retained_tap_starts_nothing_and_is_taken_away",
                "tests/core/test_site.py::test_a_tap_more_than_ten_seconds_off_is_stale",
            ),
        ),
        "M4": Row(
            tests=(
                f"{_TAPS}::test_another_card_meanwhile_is_told_that_it_is_occupied",
                "tests/journeys/test_b09_one_decision.py::test_bounces_and_a_second_card",
            ),
        ),
        "M5": Row(tests=("tests/core/test_deciding.py::test_a_permission_ends_with_its_plug_in",)),
        "M6": Row(
            tests=(
                f"{_METER}::test_a_register_that_runs_back_splits_the_session",
                f"{_METER}::test_a_jump_is_held_until_three_readings_confirm_it",
                f"{_BAD_METERS}::test_a_meter_that_restarts_and_tells_0_for_a_moment",
            ),
        ),
        "M7": Row(
            tests=(
                f"{_BAD_METERS}::test_a_meter_whose_unit_changes_for_a_while",
                f"{_BAD_METERS}::test_a_thousandfold_register_is_nobodys_bill",
                f"{_METER}::test_registers_are_whole_watt_hours_rounded_down",
            ),
        ),
        "M8": Row(tests=(f"{_BAD_METERS}::test_nonsense_is_dropped_and_the_session_goes_on",)),
        "M9": Row(
            tests=("tests/core/test_sessions.py::test_after_ten_seconds_the_last_known_value_does_with_its_own_time_and_an_alert",),
        ),
        "M10": Row(
            tests=(
                "tests/core/test_clockwork.py::test_power_without_a_release_is_an_alert",
                "tests/core/test_requests.py::test_a_wallbox_that_says_nothing_has_failed_after_ten_seconds",
            ),
        ),
        "M11": Row(
            tests=(
                f"{_DEVICES}::test_a_crash_is_told_by_the_last_will",
                f"{_DEVICES}::test_the_bridge_says_online_and_offline",
            ),
        ),
        "M12": Row(
            tests=(
                f"{_DEVICES}::test_a_decision_from_before_the_outage_is_not_shown_after_it",
                "tests/mqtt/test_outbox.py::test_an_event_is_dropped_when_it_is_worth_nothing_any_more",
            ),
        ),
        "M13": Row(
            tests=(
                f"{_PAYLOADS}::test_a_flood_of_hostile_messages_leaves_everything_as_it_was",
                f"{_PAYLOADS}::test_a_flood_of_taps_is_answered_or_dropped_and_others_do_not_wait",
            ),
        ),
        # --- energy management
        "E1": Row(
            tests=(
                f"{_ENERGY}::test_no_yes_can_outrun_a_no",
                "tests/test_runtime.py::test_a_switch_off_that_comes_while_a_release_waits_wins",
            ),
        ),
        "E2": Row(
            counters=("energy management silent",),
            tests=(
                f"{_ENERGY}::test_a_missing_source_falls_under_the_policy",
                f"{_ENERGY}::test_after_a_restart_silence_is_counted_from_its_beginning",
            ),
        ),
        "E3": Row(
            tests=(f"{_ENERGY}::test_flapping_makes_no_second_transaction",),
            reason="No least time between two commands: a no is obeyed at once (B6), and the hardware spares its own contactor.",
        ),
        "E4": Row(
            tests=(
                "tests/journeys/test_b14_profiles.py::test_a_profile_is_not_supported_and_changes_nothing",
                "tests/core/test_profiles.py::test_what_makes_sense_and_fits",
                "tests/core/test_schedules.py::test_the_work_for_one_is_limited",
            ),
        ),
        "E5": Row(
            tests=(
                "tests/journeys/test_b06_energy_management.py::test_the_lowest_limit_counts_and_below_six_amperes_is_a_pause",
                f"{_ENERGY}::test_watts_of_six_amperes_are_not_a_pause",
            ),
        ),
        # --- a malicious central system
        "H1": Row(
            tests=(
                "tests/test_locations.py::test_only_listed_hosts_are_reached",
                "tests/test_locations.py::test_what_is_not_plain_is_no_location",
                "tests/uploads/test_porter.py::test_a_redirect_is_not_followed",
                "tests/uploads/test_porter.py::test_a_line_break_in_a_name_is_no_command",
                "tests/conformance/test_files.py::test_firmware_from_elsewhere_is_not_fetched",
            ),
            reason="Not in the simulation: uploads leave by sockets of their own.",
        ),
        "H2": Row(
            tests=(
                "tests/ocpp/test_lists.py::test_the_core_is_told_how_long_the_list_would_be",
                "tests/core/test_local_list.py::test_a_list_that_can_not_be_kept_changes_nothing",
                "tests/ocpp/v16/test_keys.py::test_any_change_gets_an_answer_and_what_is_accepted_can_be_read",
            ),
        ),
        "H3": Row(
            tests=(
                "tests/ocpp/v16/test_keys.py::test_a_change_is_accepted_rejected_or_not_supported",
                "tests/ocpp/test_attempts.py::test_at_least_one_attempt_is_made",
            ),
        ),
        "H4": Row(
            reason="Certificates can't be managed from afar yet: these requests are not supported, which each version's matrix tests."
        ),
        "H5": Row(
            tests=(
                f"{_WEATHER}::test_a_storm_of_triggers_is_bounded",
                "tests/ocpp/test_inbound.py::test_a_flood_is_refused_cheaply_and_ends_by_itself",
            ),
        ),
        "H6": Row(
            tests=(
                "tests/core/test_requests.py::test_a_remote_stop_of_a_foreign_transaction_is_rejected",
                "tests/core/test_requests.py::test_a_remote_start_is_asked_about_where_the_settings_say_so",
            ),
        ),
        "H7": Row(
            tests=(
                "tests/test_log.py::test_whatever_others_write_is_one_line",
                "tests/ocpp/test_failures.py::test_what_a_peer_writes_is_cut_and_cleaned",
            ),
        ),
        # --- a malicious client of the broker
        "N1": Row(
            tests=("tests/surroundings/test_broker_rights.py::test_who_may_write",),
            reason="Who may write what is the broker's to enforce; the bridge can't see who published.",
        ),
        "N2": Row(
            tests=(
                "tests/mqtt/test_names.py::test_no_input_changes_the_number_of_levels",
                "tests/mqtt/test_names.py::test_a_level_that_can_be_no_id_is_refused_with_the_rule",
            ),
        ),
        "N3": Row(
            tests=("tests/core/test_site.py::test_a_tap_more_than_ten_seconds_off_is_stale",),
            reason="Only taps with a time can be told from their replay; a reader that has no clock is trusted as far as its broker.",
        ),
        "N4": Row(tests=(f"{_PAYLOADS}::test_a_flood_of_taps_is_answered_or_dropped_and_others_do_not_wait",)),
        "N5": Row(
            tests=(
                f"{_DEVICES}::test_two_bridges_under_one_name_are_told_so",
                "tests/surroundings/test_broker_rights.py::test_nobody_comes_in_without_a_password",
            ),
        ),
        # --- operator, privacy, secrets
        "O1": Row(
            tests=(
                "tests/config/test_load.py::test_all_problems_are_told_at_once_in_the_order_of_the_file",
                "tests/config/test_form.py::test_both_validators_refuse_the_same",
            ),
            reason="The configuration is read at the start only, so nothing can be half applied.",
        ),
        "O2": Row(
            tests=(
                "tests/store/test_outbox.py::test_each_backend_and_charge_point_has_its_own_queue",
                "tests/store/test_outbox.py::test_a_name_belongs_to_one_backend_and_one_charge_point",
            ),
        ),
        "O3": Row(
            tests=(
                "tests/store/test_schema.py::test_a_database_of_every_release_opens_and_opens_again",
                "tests/store/test_schema.py::test_a_database_that_is_not_ours_is_refused_and_left_alone",
                "tests/store/test_codec.py::test_what_a_later_version_added_is_passed_over",
                "tests/ocpp/test_link_versions.py::test_what_is_queued_survives_a_change_of_version",
            ),
        ),
        "P1": Row(
            tests=(
                f"{_DEVICES}::test_the_log_never_shows_a_whole_tag",
                f"{_LINK}::test_tags_and_passwords_are_not_in_the_log",
                "tests/mqtt/test_render.py::test_no_message_shows_a_whole_tag",
            ),
        ),
        "P2": Row(
            tests=(
                "tests/bad_days/test_addresses.py::test_no_password_is_ever_in_the_log",
                "tests/config/test_secrets.py::test_a_secret_is_not_shown_by_accident",
            ),
        ),
        "P3": Row(
            tests=(
                "tests/store/test_outbox.py::test_a_dropped_session_is_settled_but_not_erased",
                "tests/store/test_codec.py::test_a_bit_that_turned_over_is_noticed_wherever_it_is",
            ),
            reason="No chain of hashes: whoever may write the file may write the chain. Dropping leaves the row; a changed row is noticed.",
        ),
    }
)


def storms_of(row: str) -> tuple[str, ...]:
    """The storms that make it happen."""
    return tuple(storm.name for storm in STORMS if row in storm.rows)


def missing(injected: Mapping[str, int]) -> list[str]:
    """What the catalogue promises and nobody has seen yet."""
    promised = [counter for storm in STORMS for counter in storm.counters]
    promised += [counter for row in CATALOGUE.values() for counter in row.counters]
    return sorted(name for name in dict.fromkeys(promised) if not injected.get(name))
