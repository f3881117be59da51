'use strict';
/** What a well-behaved OCPP 1.6 central system answers when a test asked for nothing else. */

const NOT_A_TAG = { status: 'Invalid' };

/** The answers of one central system: its tags, its clock, its transaction ids. */
class Answers {
  constructor() {
    this.tags = {};
    this.interval = 300;
    this.registration = 'Accepted';
    this.clockOffsetMs = 0;
    this.nextTransactionId = 1;
  }

  now() {
    return new Date(Date.now() + this.clockOffsetMs).toISOString();
  }

  idTagInfo(tag) {
    return this.tags[tag] ?? NOT_A_TAG;
  }

  /** The answer to one CALL, or undefined for an action that this side does not know. */
  to(action, params) {
    switch (action) {
      case 'BootNotification':
        return { status: this.registration, currentTime: this.now(), interval: this.interval };
      case 'Heartbeat':
        return { currentTime: this.now() };
      case 'Authorize':
        return { idTagInfo: this.idTagInfo(params.idTag) };
      case 'StartTransaction':
        // As SteVe does: a refused start gets an id of its own too.
        return { transactionId: this.nextTransactionId++, idTagInfo: this.idTagInfo(params.idTag) };
      case 'StopTransaction':
        return params.idTag === undefined ? {} : { idTagInfo: this.idTagInfo(params.idTag) };
      case 'DataTransfer':
        return { status: 'UnknownVendorId' };
      case 'SignCertificate':
        return { status: 'Accepted' };
      case 'DiagnosticsStatusNotification':
      case 'FirmwareStatusNotification':
      case 'LogStatusNotification':
      case 'MeterValues':
      case 'SecurityEventNotification':
      case 'SignedFirmwareStatusNotification':
      case 'StatusNotification':
        return {};
      default:
        return undefined;
    }
  }
}

module.exports = { Answers };
