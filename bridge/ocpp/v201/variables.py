"""The device model's table of what the central system can set, and what it has to know of it (OCPP 2.0.1 part 2 appendix 3). Pure.

A block that says more of a variable in its own table wins over this one (`bridge.ocpp.v201.inventory`).
"""

from dataclasses import replace

from bridge.core.settings import Cable
from bridge.core.state import State
from bridge.core.values import TxPoint
from bridge.ocpp.dialect import Context
from bridge.ocpp.measurands import MEASURANDS
from bridge.ocpp.networks import HOME, SLOTS, read
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.variable import REPORT_MAX, TEXT_MAX, DataType, Mutability, Setting, Variable

DAY_S = 86_400
"""The longest interval: part 4 §5.3 wants at least one message a day, and no grid of the clock is wider."""
ITEMS_MAX = 50
"""ItemsPerMessage: nearly half of all there are; a request for more is answered with an error."""
BYTES_MAX = 65_536
"""BytesPerMessage: more than so many items ever have."""


def integer(
    component: str,
    name: str,
    field: str,
    doc: str,
    *,
    unit: str | None = "s",
    minimum: int = 0,
    maximum: int = DAY_S,
    instance: str | None = None,
) -> Variable:
    """A whole number that can be set."""
    return Variable(
        component=component,
        name=name,
        instance=instance,
        type=DataType.INTEGER,
        field=field,
        doc=doc,
        mutability=Mutability.READ_WRITE,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
    )


def boolean(component: str, name: str, field: str, doc: str, *, negated: bool = False) -> Variable:
    """A yes or no that can be set."""
    return Variable(
        component=component, name=name, type=DataType.BOOLEAN, field=field, doc=doc, mutability=Mutability.READ_WRITE, negated=negated
    )


def text(component: str, name: str, field: str, doc: str, *, instance: str | None = None, longest: int = TEXT_MAX) -> Variable:
    """A text that can be set."""
    return Variable(
        component=component,
        name=name,
        instance=instance,
        type=DataType.STRING,
        field=field,
        doc=doc,
        mutability=Mutability.READ_WRITE,
        maximum=longest,
    )


def chosen(
    component: str, name: str, field: str, doc: str, *, items: tuple[str, ...], least: int = 0, ordered: bool = False, reboot: bool = False
) -> Variable:
    """Several of a list."""
    return Variable(
        component=component,
        name=name,
        type=DataType.SEQUENCE_LIST if ordered else DataType.MEMBER_LIST,
        field=field,
        doc=doc,
        mutability=Mutability.READ_WRITE,
        items=items,
        minimum=least or None,
        reboot=reboot,
    )


def constant(
    component: str, name: str, value: str, doc: str, *, type_: DataType = DataType.INTEGER, instance: str | None = None
) -> Variable:
    """What never changes."""
    return Variable(component=component, name=name, instance=instance, type=type_, value=lambda _context: value, doc=doc)


def present(component: str, doc: str, *, instance: str | None = None) -> Variable:
    """`Available`, of what is there."""
    return constant(component, "Available", "true", doc, type_=DataType.BOOLEAN, instance=instance)


def limits(component: str, instance: str, *, items: int = ITEMS_MAX, size: int = BYTES_MAX) -> tuple[Variable, ...]:
    """ItemsPerMessage and BytesPerMessage."""
    return (
        constant(component, "ItemsPerMessage", str(items), f"Most items of one {instance}.", instance=instance),
        constant(component, "BytesPerMessage", str(size), f"Longest {instance}.", instance=instance),
    )


def _is_socket(state: State) -> bool:
    return state.rules.cable is Cable.SOCKET


def _is_fixed(state: State) -> bool:
    return state.rules.cable is Cable.FIXED


def _heartbeat(context: Context) -> str:
    """What the central system said at registration counts until it sets something else."""
    return str(context.state.settings.heartbeat_s or context.heartbeat_s)


def _empty_slot(state: State, slots: Setting) -> str | None:
    """A priority names profiles; a slot that nothing has been put into would be passed over."""
    assert isinstance(slots, tuple), "it is a list"
    filled = {str(slot) for slot in (HOME, *read(state.kept.notes))}
    return None if filled.issuperset(slots) else "InvalidNetworkConf"


def _measurands(component: str, name: str, field: str, doc: str) -> Variable:
    return chosen(component, name, field, doc, items=MEASURANDS)


_ALIGNED, _SAMPLED, _TX, _COMM = "AlignedDataCtrlr", "SampledDataCtrlr", "TxCtrlr", "OCPPCommCtrlr"
_AUTH, _CLOCK, _SECURITY, _DEVICE = "AuthCtrlr", "ClockCtrlr", "SecurityCtrlr", "DeviceDataCtrlr"
_CACHE = "AuthCacheCtrlr"
_TX_POINTS = tuple(point.value for point in TxPoint)

METERING: tuple[Variable, ...] = (
    present(_ALIGNED, "Readings at points of the clock."),
    constant(_ALIGNED, "Enabled", "true", "Likewise.", type_=DataType.BOOLEAN),
    integer(_ALIGNED, "Interval", "aligned_interval_s", "Send readings at these points of the clock; 0: none."),
    _measurands(_ALIGNED, "Measurands", "aligned", "What is sent at points of the clock."),
    boolean(_ALIGNED, "SendDuringIdle", "aligned_idle_only", "Send readings at points of the clock only while no transaction runs."),
    integer(_ALIGNED, "TxEndedInterval", "aligned_end_interval_s", "Points of the clock of which the end of a transaction tells; 0: none."),
    _measurands(_ALIGNED, "TxEndedMeasurands", "aligned_end", "What the end of a transaction tells of points of the clock."),
    present(_SAMPLED, "Readings of a transaction."),
    constant(_SAMPLED, "Enabled", "true", "Likewise.", type_=DataType.BOOLEAN),
    _measurands(_SAMPLED, "TxStartedMeasurands", "sampled_start", "What is sent when a transaction starts."),
    integer(_SAMPLED, "TxUpdatedInterval", "sample_interval_s", "Send readings so often while a transaction runs; 0: none."),
    _measurands(_SAMPLED, "TxUpdatedMeasurands", "sampled", "What is sent while a transaction runs."),
    integer(_SAMPLED, "TxEndedInterval", "end_interval_s", "Take readings for the end of a transaction so often; 0: none on the way."),
    _measurands(_SAMPLED, "TxEndedMeasurands", "sampled_end", "What is sent when a transaction ends."),
)

AUTHORIZATION: tuple[Variable, ...] = (
    constant(_AUTH, "Enabled", "true", "Nothing charges without a permission.", type_=DataType.BOOLEAN),
    boolean(_AUTH, "AuthorizeRemoteStart", "authorize_remote", "Ask about the tag of a remote start before starting."),
    boolean(_AUTH, "LocalAuthorizeOffline", "local_authorize_offline", "Without the central system, list and cache decide."),
    boolean(_AUTH, "LocalPreAuthorize", "local_pre_authorize", "Start at once for tags that list or cache know as accepted."),
    boolean(_AUTH, "OfflineTxForUnknownIdEnabled", "allow_offline_unknown", "Without the central system, charge for tags nobody knows."),
    boolean(
        _AUTH, "DisableRemoteAuthorization", "ask_backend", "Only list and cache decide; the central system is not asked.", negated=True
    ),
    text(_AUTH, "MasterPassGroupId", "master_pass_group", "Tags of this group stop anybody's transaction, and start none.", longest=36),
    present(_CACHE, "What the central system said of tags is remembered."),
    boolean(_CACHE, "Enabled", "cache_enabled", "Remember what the central system said of a tag."),
    integer(_CACHE, "LifeTime", "cache_life_s", "What is remembered is forgotten after this; 0: never.", maximum=366 * DAY_S),
    boolean(_CACHE, "DisablePostAuthorize", "cache_final", "Don't ask again about a tag that the cache refuses."),
)

TRANSACTIONS: tuple[Variable, ...] = (
    present(_TX, "Transactions."),
    integer(_TX, "EVConnectionTimeOut", "connection_timeout_s", "How long a permission waits for the plug.", minimum=1),
    integer(
        _TX,
        "MaxEnergyOnInvalidId",
        "max_energy_on_invalid_wh",
        "What may still be charged when the central system refuses after the start.",
        unit="Wh",
        maximum=1_000_000,
    ),
    constant(_TX, "StopTxOnEVSideDisconnect", "true", "A transaction ends when the vehicle is unplugged, always.", type_=DataType.BOOLEAN),
    boolean(_TX, "StopTxOnInvalidId", "stop_on_invalid", "End the transaction when the central system refuses after the start."),
    chosen(_TX, "TxStartPoint", "start_points", "What begins a transaction: any of these.", items=_TX_POINTS, least=1),
    chosen(_TX, "TxStopPoint", "stop_points", "What ends a transaction when it is lost: any of these.", items=_TX_POINTS, least=1),
)

COMMUNICATION: tuple[Variable, ...] = (
    Variable(
        component=_COMM,
        name="ActiveNetworkProfile",
        type=DataType.INTEGER,
        value=lambda context: str(context.network.slot),
        doc="The network profile in use.",
    ),
    Variable(
        component=_COMM,
        name="FileTransferProtocols",
        type=DataType.MEMBER_LIST,
        items=("HTTP", "HTTPS", "FTP", "FTPS", "SFTP"),
        value=lambda _context: "HTTP,HTTPS,FTP,FTPS,SFTP",
        doc="How files are sent and fetched.",
    ),
    Variable(
        component=_COMM,
        name="HeartbeatInterval",
        type=DataType.INTEGER,
        field="heartbeat_s",
        value=_heartbeat,
        doc="Longest silence; until it is set, what the central system says at registration.",
        mutability=Mutability.READ_WRITE,
        unit="s",
        minimum=1,
        maximum=DAY_S,
    ),
    Variable(
        component=_COMM,
        name="MessageTimeout",
        instance="Default",
        type=DataType.INTEGER,
        value=lambda context: f"{context.call_timeout_s:.0f}",
        unit="s",
        doc="How long an answer may take.",
    ),
    integer(
        _COMM,
        "MessageAttempts",
        "attempts",
        "How often a transaction message is sent before it is put aside.",
        instance="TransactionEvent",
        unit=None,
        minimum=1,
        maximum=100,
    ),
    integer(
        _COMM,
        "MessageAttemptInterval",
        "retry_s",
        "Wait before the second attempt; before the third twice as long, and so on.",
        instance="TransactionEvent",
    ),
    replace(
        chosen(
            _COMM,
            "NetworkConfigurationPriority",
            "network_priority",
            "The network profiles to try, in this order.",
            items=tuple(str(slot) for slot in range(HOME, SLOTS + 1)),
            least=1,
            ordered=True,
            reboot=True,
        ),
        refusal=_empty_slot,
    ),
    integer(
        _COMM, "NetworkProfileConnectionAttempts", "network_attempts", "Tries of one before the next.", unit=None, minimum=1, maximum=100
    ),
    integer(_COMM, "OfflineThreshold", "offline_threshold_s", "After a longer outage all statuses are told again, else what changed."),
    constant(_COMM, "QueueAllMessages", "false", "Only transaction messages wait for the central system.", type_=DataType.BOOLEAN),
    integer(_COMM, "ResetRetries", "reset_retries", "Kept and reported; a reset can't fail.", unit=None, maximum=100),
    integer(_COMM, "RetryBackOffRandomRange", "backoff_random_s", "Up to so much is added to a wait between connections.", maximum=3600),
    integer(_COMM, "RetryBackOffRepeatTimes", "backoff_repeats", "How often that wait is doubled.", unit=None, maximum=20),
    integer(_COMM, "RetryBackOffWaitMinimum", "backoff_minimum_s", "The first wait between connections.", maximum=3600),
    Variable(
        component=_COMM,
        name="UnlockOnEVSideDisconnect",
        type=DataType.BOOLEAN,
        field="unlock_on_ev_disconnect",
        doc="Free the cable at the station when it is pulled at the vehicle; read-only false with a fixed cable.",
        mutability=Mutability.READ_WRITE,
        available=_is_socket,
    ),
    Variable(
        component=_COMM,
        name="UnlockOnEVSideDisconnect",
        type=DataType.BOOLEAN,
        value=lambda _context: "false",
        doc="A fixed cable is never freed.",
        available=_is_fixed,
    ),
    integer(_COMM, "WebSocketPingInterval", "ping_s", "Time between pings on the connection; 0: none."),
)

HOUSEHOLD: tuple[Variable, ...] = (
    Variable(
        component=_CLOCK,
        name="DateTime",
        type=DataType.DATE_TIME,
        value=lambda context: as_iso(context.stamp["at"].utc_ms),
        doc="The time.",
    ),
    chosen(
        _CLOCK,
        "TimeSource",
        "time_sources",
        "Kept and reported: the host's clock rules, the central system's stands in while it isn't set.",
        items=("NTP", "Heartbeat", "RealTimeClock"),
        least=1,
        ordered=True,
    ),
    text(_CLOCK, "TimeOffset", "time_offset", "Of local time; kept and reported, all times are UTC.", longest=6),
    text(_CLOCK, "TimeOffset", "time_offset_next", "Of local time, after the next transition.", instance="NextTransition", longest=6),
    Variable(
        component=_CLOCK,
        name="NextTimeOffsetTransitionDateTime",
        type=DataType.DATE_TIME,
        field="time_offset_next_at",
        doc="When the offset of local time changes; kept and reported.",
        mutability=Mutability.READ_WRITE,
    ),
    text(_CLOCK, "TimeZone", "time_zone", "Of local time, as Europe/Oslo; kept and reported.", longest=50),
    *limits(_DEVICE, "GetReport"),
    *limits(_DEVICE, "GetVariables"),
    *limits(_DEVICE, "SetVariables"),
    constant(_DEVICE, "ConfigurationValueSize", str(TEXT_MAX), "Longest value that can be set."),
    constant(_DEVICE, "ReportingValueSize", str(REPORT_MAX), "Longest value that is reported."),
    constant(_SECURITY, "CertificateEntries", "0", "Installed certificates."),
    text(_SECURITY, "OrganizationName", "organization", "Whose station this is; kept and reported."),
    Variable(
        component=_SECURITY,
        name="SecurityProfile",
        type=DataType.INTEGER,
        value=lambda context: str(context.security_profile),
        doc="Of the connection: 0 without a password, 1 with one, 2 with TLS as well.",
    ),
)

VARIABLES: tuple[Variable, ...] = (*METERING, *AUTHORIZATION, *TRANSACTIONS, *COMMUNICATION, *HOUSEHOLD)
