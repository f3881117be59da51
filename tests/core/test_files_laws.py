"""Laws of files over random lives: nothing overlaps, nothing lasts for ever, no session is cut off."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.backend import FirmwareRequested, LogRequested
from bridge.core.clockwork import deadline_s
from bridge.core.effects import AnyEffect, InstallFirmware, StartUpload, Tell
from bridge.core.events import AnyEvent, CommandAnswered, FirmwareReported, TimePassed, UploadProgressed
from bridge.core.files import UPLOAD_S
from bridge.core.orders import FirmwareTold, LogTold
from bridge.core.state import NoSession, State
from bridge.core.values import RequestId
from tests.core.test_files import FIRMWARE, LOG, able
from tests.core.world import ACCEPTED, BEN, Bench

WORDS = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed", "DownloadFailed", "Idle"]
WISHES = st.one_of(
    st.tuples(st.just("log"), st.integers(0, 3), st.sampled_from([0, 0, 30])),
    st.tuples(st.just("uploaded"), st.integers(0, 3), st.sampled_from(["Uploaded", "UploadFailure"])),
    st.tuples(st.just("firmware"), st.integers(0, 2), st.sampled_from([None, -60, 600])),
    st.tuples(st.just("reported"), st.sampled_from(WORDS), st.booleans()),
    st.tuples(st.just("answered"), st.booleans(), st.none()),
    st.tuples(st.just("time"), st.sampled_from([0.0, 1.0, 15.0, 700.0]), st.none()),
    st.tuples(st.just("world"), st.sampled_from(["plug", "tap", "unplug", "restart", "lost", "synchronised"]), st.none()),
)


def watch(before: State, event: AnyEvent, after: State, effects: tuple[AnyEffect, ...]) -> None:
    """After every step."""
    told = [effect.notice for effect in effects if isinstance(effect, Tell)]
    for effect in effects:
        match effect:
            case StartUpload(job=job):
                assert after.log_job == job, "what is sent is what is under way"
                assert LogTold(job=job.id, status="Uploading") in told
            case InstallFirmware():
                assert isinstance(after.kept.session, NoSession), "an update never cuts a session off"
                assert after.synchronised
                assert after.kept.firmware == effect.job
    due_s = deadline_s(after)
    if isinstance(event, TimePassed):
        assert due_s is None or due_s > after.now.mono_s
    if after.log_job is not None:
        assert (after.log_until_s is None) is not (after.log_retry_s is None), "it runs, or waits for its next attempt"
    for notice in told:
        if isinstance(notice, FirmwareTold):
            assert before.kept.firmware is not None or after.kept.firmware is not None


def acts(bench: Bench, what: str, first: object, second: object) -> None:
    """One thing of a life."""
    match what, first, second:
        case "log", int(retries), int(retry_s):
            bench.happens(LogRequested, request=RequestId("log"), job=replace(LOG, id=retries, retries=retries, retry_s=retry_s))
        case "uploaded", int(job), str(status):
            bench.happens(UploadProgressed, job=job, status=status)
        case "firmware", int(retries), int() | None as later_s:
            at_ms = None if later_s is None else bench.now_ms + later_s * 1000
            bench.happens(FirmwareRequested, request=RequestId("firmware"), job=replace(FIRMWARE, retries=retries, retrieve_ms=at_ms))
        case "reported", str(status), bool(live):
            bench.happens(FirmwareReported, status=status, live=live)
        case "answered", bool(ok), _:
            orders = bench.asked_for(InstallFirmware)
            if orders:
                bench.happens(CommandAnswered, command=orders[-1].command, ok=ok)
        case "time", float(seconds), _:
            bench.passes(seconds)
        case "world", str(word), _:
            happens(bench, word)


def happens(bench: Bench, word: str) -> None:
    match word:
        case "plug":
            bench.plugs()
        case "tap":
            bench.taps(BEN, known=ACCEPTED)
        case "unplug":
            bench.unplugs()
        case "restart":
            bench.restarts()
        case "lost":
            bench.loses_the_broker()
        case _:
            bench.synchronises()
            bench.meters(1000)


@given(st.lists(WISHES, max_size=25))
@settings(deadline=None)
def test_files_in_any_life(life: list[tuple[str, object, object]]) -> None:
    """At the end of every life no upload is left, and what waits for the wallbox has been handed over or waits for a reason."""
    bench = able()
    bench.watchers.append(watch)
    for what, first, second in life:
        acts(bench, what, first, second)
    bench.passes(4 * (UPLOAD_S + 40))
    assert bench.state.log_job is None
    bench.unplugs()
    bench.synchronises()
    bench.meters(1000)
    bench.passes(7200)
    state = bench.state
    if state.kept.firmware is not None and isinstance(state.kept.session, NoSession):
        assert state.installing is not None or state.kept.firmware_status not in {"Idle", "DownloadScheduled"}
