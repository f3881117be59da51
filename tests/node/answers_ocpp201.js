'use strict';
/** What a well-behaved OCPP 2.0.1 central system answers when a test asked for nothing else; tags, clock and interval are shared with 1.6. */

const NOT_A_TAG = { status: 'Unknown' };
const NO_TAG = { status: 'Accepted' };
/** For an idToken of the type NoAuthorization: a button was pressed. */
const BARE = new Set([
  'ClearedChargingLimit', 'FirmwareStatusNotification', 'LogStatusNotification', 'MeterValues', 'NotifyChargingLimit',
  'NotifyCustomerInformation', 'NotifyDisplayMessages', 'NotifyEvent', 'NotifyMonitoringReport', 'NotifyReport',
  'PublishFirmwareStatusNotification', 'ReportChargingProfiles', 'ReservationStatusUpdate', 'SecurityEventNotification',
  'StatusNotification',
]);
/** Messages that are answered without a word. */

/** An idTokenInfo; what a test says in the words of 1.6 (parentIdTag, expiryDate) is said in those of 2.0.1. */
function translated({ parentIdTag, expiryDate, ...info }) {
  if (parentIdTag !== undefined) info.groupIdToken = { idToken: parentIdTag, type: 'Central' };
  if (expiryDate !== undefined) info.cacheExpiryDateTime = expiryDate;
  return info;
}

/** The answers of one central system in 2.0.1; `book` (answers_ocpp16.js) knows the tags and the time. */
class Answers201 {
  constructor(book) {
    this.book = book;
  }

  idTokenInfo({ idToken, type }) {
    if (type === 'NoAuthorization') return NO_TAG;
    return translated(this.book.tags[idToken] ?? this.book.tags[idToken.toUpperCase()] ?? NOT_A_TAG);
  }

  /** The answer to one CALL, or undefined for an action that this side does not know. */
  to(action, params) {
    if (BARE.has(action)) return {};
    switch (action) {
      case 'BootNotification':
        return { status: this.book.registration, currentTime: this.book.now(), interval: this.book.interval };
      case 'Heartbeat':
        return { currentTime: this.book.now() };
      case 'Authorize':
        return { idTokenInfo: this.idTokenInfo(params.idToken) };
      case 'TransactionEvent':
        return params.idToken === undefined ? {} : { idTokenInfo: this.idTokenInfo(params.idToken) };
      case 'DataTransfer':
        return { status: 'UnknownVendorId' };
      case 'SignCertificate':
      case 'NotifyEVChargingNeeds':
      case 'NotifyEVChargingSchedule':
        return { status: 'Accepted' };
      case 'Get15118EVCertificate':
        return { status: 'Failed', exiResponse: '' };
      case 'GetCertificateStatus':
        return { status: 'Failed' };
      default:
        return undefined;
    }
  }
}

module.exports = { Answers201 };
