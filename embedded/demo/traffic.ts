/**
 * Steady traffic of one demo customer, run inside its namespace:
 * `node traffic.js LISTEN_ADDRESS PEER_ADDRESS`. It serves TCP requests and UDP echoes, and asks its peer
 * for about 50 requests and 20 echoes a second, over connections that are renewed now and then.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { TCP_PORT, UDP_PORT } from './plan.js';

const CONNECTIONS = 4;
/** Four connections at this pace make 50 requests a second. */
const REQUEST_INTERVAL_MS = 80;
const ECHO_INTERVAL_MS = 50;
/** A connection lives so long, plus up to as much again, so that a handshake comes every other second. */
const CONNECTION_LIFE_MS = 6_000;
const RETRY_MS = 500;
const REQUEST_BYTES = 120;
const RESPONSE = Buffer.alloc(1_200, 'r');

/** Answers every request with one response; the requests have one size, so no framing is needed. */
function serve(address: string): void {
  const server = createServer((socket) => {
    let pending = 0;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      pending += chunk.length;
      for (; pending >= REQUEST_BYTES; pending -= REQUEST_BYTES) socket.write(RESPONSE);
    });
    // A peer that goes away is nothing to talk about here.
    socket.on('error', () => socket.destroy());
  });
  server.listen(TCP_PORT, address);
  const echo = createSocket('udp4');
  echo.on('message', (message, from) => echo.send(message, from.port, from.address));
  echo.on('error', () => undefined);
  echo.bind(UDP_PORT, address);
}

/** One connection after the other; each asks at a steady pace and ends with a FIN when it is idle. */
function request(peer: string): void {
  const socket: Socket = connect(TCP_PORT, peer);
  socket.setNoDelay(true);
  const life = CONNECTION_LIFE_MS * (1 + Math.random());
  let unanswered = 0;
  const born = performance.now();
  const pace = setInterval(() => {
    if (socket.connecting || unanswered > 0) return;
    if (performance.now() - born > life) {
      socket.end();
      return;
    }
    unanswered += RESPONSE.length;
    socket.write(Buffer.alloc(REQUEST_BYTES, 'q'));
  }, REQUEST_INTERVAL_MS);
  socket.on('data', (chunk: Buffer) => {
    unanswered -= chunk.length;
  });
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    clearInterval(pace);
    setTimeout(() => request(peer), RETRY_MS);
  });
}

function echo(peer: string): void {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  const payload = Buffer.alloc(64, 'e');
  setInterval(() => socket.send(payload, UDP_PORT, peer, () => undefined), ECHO_INTERVAL_MS);
}

const [address, peer] = process.argv.slice(2);
if (address === undefined || peer === undefined) {
  process.stderr.write('usage: traffic.js LISTEN_ADDRESS PEER_ADDRESS\n');
  process.exit(2);
}
process.on('SIGTERM', () => process.exit(0));
serve(address);
for (let connection = 0; connection < CONNECTIONS; connection += 1) {
  setTimeout(() => request(peer), RETRY_MS + (connection * REQUEST_INTERVAL_MS) / CONNECTIONS);
}
setTimeout(() => echo(peer), RETRY_MS);
process.stdout.write(`${new Date().toISOString()} traffic of ${address} with ${peer}\n`);
