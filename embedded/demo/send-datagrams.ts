/**
 * `node send-datagrams.js ADDRESS PORT COUNT`: exactly so many datagrams of 64 bytes, one a millisecond,
 * from one socket that stays open for what comes back.
 */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 1;
/** ICMP errors that arrive after the close would be dropped as well, and counted at the sender. */
const LINGER_MS = 200;

const [address, port, count] = process.argv.slice(2);
if (address === undefined || port === undefined || count === undefined) {
  process.stderr.write('usage: send-datagrams.js ADDRESS PORT COUNT\n');
  process.exit(2);
}
const socket = createSocket('udp4');
const payload = Buffer.alloc(64, 'd');
for (let sent = 0; sent < Number(count); sent += 1) {
  await new Promise<void>((resolve, reject) => {
    socket.send(payload, Number(port), address, (error) => (error === null ? resolve() : reject(error)));
  });
  await sleep(PAUSE_MS);
}
await sleep(LINGER_MS);
socket.close();
