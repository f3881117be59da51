'use strict';
/**
 * A strict central system on npm `ocpp-rpc`, a protocol stack that shares nothing with the bridge.
 *
 *     node strict_csms.js '{"protocols":["ocpp1.6"],"tls":{"key":"/tmp/key.pem","cert":"/tmp/cert.pem"}}'
 *
 * Commands come in on stdin, one JSON object a line: {"id":7,"do":"call", …}; each is answered on stdout by {"reply":7, …}.
 * Everything that happens is told on stdout as {"event": …}: every raw frame both ways, each connection, its end, each refusal.
 * Listens on 127.0.0.1 only and ends when stdin closes. tests/peers/strict_csms.py is its other half.
 */

const http = require('node:http');
const https = require('node:https');
const fs = require('node:fs');
const readline = require('node:readline');
const { RPCServer, createRPCError, NOREPLY } = require('ocpp-rpc');
const { Answers } = require('./answers_ocpp16');
const { Answers201 } = require('./answers_ocpp201');

const HOST = '127.0.0.1';
const CALL_TIMEOUT_MS = 30_000;
/** How long the station may take for an answer to our CALL unless the test says otherwise. */

const options = JSON.parse(process.argv[2] ?? '{}');
const protocols = options.protocols ?? ['ocpp1.6'];
const answers = new Answers();
const answers201 = new Answers201(answers);
const rules = [];
/** Answers a test asked for, newest first: {action, identity?, times?, delay_ms?, result? (merge?, lax?) | error? | silence? | close?}. */
const passwords = new Map();
const handshake = { status: null, headers: {}, subprotocol: true };
const clients = new Map();
/** The newest connection of each identity: outgoing calls use it, as SteVe does. */
let connections = 0;
let listener = null;
let port = options.port ?? 0;

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

// --- the station speaks ---------------------------------------------------------------------------------------------------------------

function takeRule(identity, action) {
  const found = rules.findIndex((rule) =>
    (rule.action === '*' || rule.action === action) && (rule.identity === undefined || rule.identity === identity));
  if (found < 0) return {};
  const rule = rules[found];
  if (rule.times !== undefined && --rule.times <= 0) rules.splice(found, 1);
  return rule;
}

/** A frame that no strict peer would send; the journal marks it, so that nobody blames it. */
function sendNonsense(client, text) {
  client.sendsNonsense = true;
  client.sendRaw(text);
  client.sendsNonsense = false;
}

async function answer(client, { messageId, method, params }) {
  const rule = takeRule(client.identity, method);
  if (rule.delay_ms) await sleep(rule.delay_ms);
  if (rule.close) {
    client.close({ code: 1011, reason: 'closed instead of an answer', force: rule.close === 'force' });
    return NOREPLY;
  }
  if (rule.silence) return NOREPLY;
  if (rule.error) throw createRPCError(rule.error.code, rule.error.description ?? '', {});
  const usual = ((client.protocol ?? protocols[0]) === 'ocpp2.0.1' ? answers201 : answers).to(method, params);
  if (rule.lax) {
    sendNonsense(client, JSON.stringify([3, messageId, rule.result]));
    return NOREPLY;
  }
  if (rule.result !== undefined) return rule.merge ? { ...usual, ...rule.result } : rule.result;
  if (usual === undefined) throw createRPCError('NotImplemented', `No answer for ${method}`, {});
  return usual;
}

function welcome(client) {
  const connection = ++connections;
  const { identity } = client;
  clients.set(identity, client);
  tell({
    event: 'connected', at: Date.now(), connection, identity, endpoint: client.handshake.endpoint, protocol: client.protocol ?? null,
    user_agent: client.handshake.headers['user-agent'] ?? null,
  });
  client.on('message', ({ message, outbound }) => {
    tell({
      event: 'frame', at: Date.now(), connection, identity, from: outbound ? 'csms' : 'station', text: String(message),
      deliberate: outbound && client.sendsNonsense === true,
    });
  });
  client.on('strictValidationFailure', ({ method, outbound, error }) => {
    tell({ event: 'violation', at: Date.now(), connection, identity, from: outbound ? 'csms' : 'station', method, error: String(error) });
  });
  client.on('disconnect', ({ code, reason }) => {
    if (clients.get(identity) === client) clients.delete(identity);
    tell({ event: 'disconnected', at: Date.now(), connection, identity, code, reason: String(reason ?? '') });
  });
  client.on('badMessage', () => {}); // told as a frame already
  client.on('socketError', () => {}); // the disconnect follows
  client.handle((call) => answer(client, call));
}

// --- the handshake --------------------------------------------------------------------------------------------------------------------

function refuseRaw(request, socket) {
  const headers = Object.entries({ Connection: 'close', 'Content-Length': '0', ...handshake.headers });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  tell({ event: 'refused', at: Date.now(), identity: request.url.split('/').pop(), status: handshake.status });
  socket.end(`HTTP/1.1 ${handshake.status} ${http.STATUS_CODES[handshake.status] ?? ''}\r\n${lines}\r\n`);
}

function authorise(accept, reject, { identity, password, protocols: offered }) {
  const expected = passwords.get(identity);
  if (passwords.size > 0 && (expected === undefined || password?.toString() !== expected)) {
    tell({ event: 'refused', at: Date.now(), identity, status: 401 });
    reject(401, 'Unauthorized');
    return;
  }
  // Once there is a callback, ocpp-rpc lets a client in that offers no sub-protocol of ours; `accept` with a name refuses it (400).
  const chosen = [...offered].find((name) => protocols.includes(name)) ?? protocols[0];
  accept({}, handshake.subprotocol ? chosen : false);
}

const rpc = new RPCServer({ protocols, strictMode: true, callTimeoutMs: CALL_TIMEOUT_MS, pingIntervalMs: 0 });
rpc.auth(authorise);
rpc.on('client', welcome);
rpc.on('error', (error) => tell({ event: 'trouble', at: Date.now(), error: String(error) }));
rpc.on('upgradeAborted', ({ identity, error }) => {
  tell({ event: 'handshake_failed', at: Date.now(), identity, error: String(error?.message ?? error) });
});

async function listen() {
  const tls = options.tls && { key: fs.readFileSync(options.tls.key), cert: fs.readFileSync(options.tls.cert) };
  const server = tls ? https.createServer(tls) : http.createServer();
  server.on('upgrade', (request, socket, head) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    if (handshake.status) refuseRaw(request, socket);
    else rpc.handleUpgrade(request, socket, head);
  });
  server.on('tlsClientError', (error) => tell({ event: 'handshake_failed', at: Date.now(), identity: null, error: String(error.message) }));
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  port = server.address().port;
  listener = server;
}

// --- what a test may ask for ----------------------------------------------------------------------------------------------------------

function clientOf(identity) {
  const client = clients.get(identity);
  if (client === undefined) throw new Error(`${identity} is not connected`);
  return client;
}

async function disconnect({ identity, code, force }) {
  const some = identity === undefined ? [...clients.values()] : [clientOf(identity)];
  await Promise.all(some.map((client) => client.close({ code: code ?? 1001, reason: 'asked by the test', force: force ?? false })));
}

const commands = {
  async listen() { await listen(); return { port }; },
  async stop() {
    const stopped = new Promise((done) => { listener.close(done); });
    await disconnect({ force: true });
    await stopped;
    return {};
  },
  answer(rule) {
    const { id, do: _, ...kept } = rule;
    rules.unshift(kept);
    return {};
  },
  answer_as_usual({ action }) {
    for (let index = rules.length - 1; index >= 0; index--) if (action === undefined || rules[index].action === action) rules.splice(index, 1);
    return {};
  },
  configure({ tags, interval, registration, clock_offset_ms, next_transaction_id, passwords: wanted }) {
    if (tags) Object.assign(answers.tags, tags);
    answers.interval = interval ?? answers.interval;
    answers.registration = registration ?? answers.registration;
    answers.clockOffsetMs = clock_offset_ms ?? answers.clockOffsetMs;
    answers.nextTransactionId = next_transaction_id ?? answers.nextTransactionId;
    for (const [identity, password] of Object.entries(wanted ?? {})) passwords.set(identity, password);
    return {};
  },
  handshake({ status, headers, subprotocol }) {
    Object.assign(handshake, { status: status ?? null, headers: headers ?? {}, subprotocol: subprotocol ?? true });
    return {};
  },
  async disconnect(command) { await disconnect(command); return {}; },
  async call({ identity, action, payload, timeout_ms }) {
    try {
      return { result: await clientOf(identity).call(action, payload, { callTimeoutMs: timeout_ms ?? CALL_TIMEOUT_MS }) };
    } catch (error) {
      if (error.rpcErrorCode === undefined) throw error;
      return { error: { code: error.rpcErrorCode, description: error.message, details: error.details ?? {} } };
    }
  },
  send_raw({ identity, text }) {
    sendNonsense(clientOf(identity), text);
    return {};
  },
  /** The socket stays open, but nothing is read from it or answered, pings included. */
  freeze({ identity }) { clientOf(identity)._ws._socket.pause(); return {}; },
  thaw({ identity }) { clientOf(identity)._ws._socket.resume(); return {}; },
};

async function obey(line) {
  const command = JSON.parse(line);
  try {
    tell({ reply: command.id, ...(await commands[command.do](command)) });
  } catch (error) {
    tell({ reply: command.id, failed: String(error?.message ?? error) });
  }
}

readline.createInterface({ input: process.stdin }).on('line', obey).on('close', () => process.exit(0));
