/** Packets made inside a namespace, by a small Node program there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { inside } from './network.js';

const SEND = `
const [host, port, count, ttl, bytes] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
socket.bind(0, () => {
  if (ttl !== '0') socket.setTTL(Number(ttl));
  const payload = Buffer.alloc(Number(bytes));
  const next = (left) => left === 0 ? socket.close() : socket.send(payload, Number(port), host, () => next(left - 1));
  next(Number(count));
});`;

const CONNECT = `
const [host, port, count] = process.argv.slice(1);
const next = (left) => {
  if (left === 0) return;
  const socket = require('node:net').connect(Number(port), host);
  socket.on('connect', () => socket.end());
  socket.on('error', () => undefined);
  socket.on('close', () => next(left - 1));
};
next(Number(count));`;

/** Sends so many datagrams. Errors of sending (a filter's EPERM) are what some tests are about. */
export function sendUdp(
  netns: string,
  host: string,
  port: number,
  count: number,
  options: { ttl?: number; bytes?: number } = {},
): void {
  const numbers = [port, count, options.ttl ?? 0, options.bytes ?? 20].map(String);
  inside(netns, process.execPath, '-e', SEND, host, ...numbers);
}

/** Connects so many times, one after the other, whether or not anybody answers. */
export function connectTcp(netns: string, host: string, port: number, count: number): void {
  inside(netns, process.execPath, '-e', CONNECT, host, String(port), String(count));
}

/** A Node program that runs inside a namespace until it is killed; resolves at its first line. */
export async function startInside(netns: string, program: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => {
      reject(new Error('the program inside the namespace ended'));
    });
  });
  return child;
}
