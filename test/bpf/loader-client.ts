/** Starts the loader for a test and keeps what it says. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ABI_VERSION,
  FRAME_HEADER_SIZE,
  FrameType,
  LossCause,
  Place,
  Way,
  decodeDropEventFrame,
  decodeDropsFrame,
  decodeFrameHeader,
  decodeHelloFrame,
  decodeHistogramFrame,
  decodeLossFrame,
  decodeNetnsFrame,
  decodeReasonFrame,
  decodeTcpFrame,
  decodeWindowFrame,
  encodeFrameHeader,
  encodePrefixCommitFrame,
  encodePrefixFrame,
  type DropEventFrame,
  type DropsFrame,
  type HelloFrame,
  type HistogramFrame,
  type NetnsFrame,
  type PrefixFrame,
  type TcpFrame,
  type WindowFrame,
} from '../../common/wire/frames.gen.js';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LOADER = join(ROOT, 'bpf/build/bellwether-loader');

/** The reason why kernel tests cannot run here, or undefined. */
export function whyNoKernelTests(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF';
  if (!existsSync(LOADER)) return 'bpf/build/bellwether-loader is not built (make -C bpf)';
  return undefined;
}

export interface LoaderClientOptions {
  readonly windowMs?: number;
  readonly flags?: readonly string[];
  readonly netnsDirs?: readonly string[];
}

/** Who a drop was charged to, and how often, in plain words. */
export interface DropCount {
  readonly reason: string;
  readonly place: string;
  readonly way: string;
  readonly netnsCookie: bigint;
  readonly ifindex: number;
  readonly ifname: string;
  readonly prefixId: number;
  readonly cgroupId: bigint;
  packets: number;
  bytes: number;
}

const UID = 65_534;
const FINISH_LIMIT_MS = 10_000;

function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(values).find(([, number]) => number === value)?.[0] ?? `?${value}`;
}

/** The loader as a child, with the newest cumulative row of each slot and generation. */
export class LoaderClient {
  hello: HelloFrame | undefined;
  readonly reasons = new Map<number, string>();
  readonly netns: NetnsFrame[] = [];
  readonly windows: WindowFrame[] = [];
  readonly events: DropEventFrame[] = [];
  readonly drops = new Map<string, DropsFrame>();
  readonly tcp = new Map<string, TcpFrame>();
  readonly histograms = new Map<string, HistogramFrame>();
  readonly losses = new Map<number, bigint>();
  private pending: Buffer = Buffer.alloc(0);

  private constructor(
    readonly child: ChildProcess,
    private readonly socket: Socket,
    private readonly folder: string,
    private readonly said: () => string,
  ) {
    socket.on('data', (chunk) => {
      this.take(chunk);
    });
    socket.on('error', () => undefined); // its end is seen by the child's exit
  }

  /** What the loader has written to its stderr. */
  get stderr(): string {
    return this.said();
  }

  /** Starts the loader and waits for its HELLO. */
  static async start(options: LoaderClientOptions = {}): Promise<LoaderClient> {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-bpf-'));
    const path = join(folder, 'loader.sock');
    const dirs = (options.netnsDirs ?? ['/run/netns']).flatMap((dir) => ['--netns-dir', dir]);
    const flags = ['--socket', path, '--uid', String(UID), '--gid', String(UID), ...dirs];
    flags.push('--window-ms', String(options.windowMs ?? 200), ...(options.flags ?? []));
    const child = spawn(LOADER, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      const socket = await LoaderClient.connect(path, child, () => said);
      const client = new LoaderClient(child, socket, folder, () => said);
      await client.until(() => client.hello !== undefined, 'HELLO');
      return client;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Starts the loader, hands it to `action` and ends it, whatever happens. */
  static async with<T>(
    options: LoaderClientOptions,
    action: (loader: LoaderClient) => Promise<T>,
  ): Promise<T> {
    const loader = await LoaderClient.start(options);
    try {
      return await action(loader);
    } finally {
      await loader.finish();
    }
  }

  private static async connect(path: string, child: ChildProcess, said: () => string): Promise<Socket> {
    for (let attempt = 0; attempt < 200; attempt++) {
      if (child.exitCode !== null) throw new Error(`the loader ended: ${said()}`);
      if (existsSync(path)) {
        const socket = connect(path);
        await once(socket, 'connect');
        return socket;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`no socket at ${path}: ${said()}`);
  }

  private take(chunk: Buffer): void {
    this.pending = this.pending.length ? Buffer.concat([this.pending, chunk]) : chunk;
    const view = new DataView(this.pending.buffer, this.pending.byteOffset, this.pending.length);
    let at = 0;
    while (this.pending.length - at >= FRAME_HEADER_SIZE) {
      const header = decodeFrameHeader(view, at);
      if (header.abiVersion !== ABI_VERSION) throw new Error(`abi version ${header.abiVersion}`);
      const end = at + FRAME_HEADER_SIZE + header.length;
      if (end > this.pending.length) break;
      this.takeFrame(header.type, view, at + FRAME_HEADER_SIZE);
      at = end;
    }
    this.pending = this.pending.subarray(at);
  }

  private takeFrame(type: number, view: DataView, at: number): void {
    switch (type) {
      case FrameType.Hello:
        this.hello = decodeHelloFrame(view, at);
        return;
      case FrameType.Reason: {
        const reason = decodeReasonFrame(view, at);
        this.reasons.set(reason.id, reason.name);
        return;
      }
      case FrameType.Netns:
        this.netns.push(decodeNetnsFrame(view, at));
        return;
      case FrameType.Drops: {
        const drops = decodeDropsFrame(view, at);
        this.drops.set(`${drops.slot}/${drops.generation}`, drops);
        return;
      }
      case FrameType.Tcp: {
        const tcp = decodeTcpFrame(view, at);
        this.tcp.set(`${tcp.slot}/${tcp.generation}`, tcp);
        return;
      }
      case FrameType.Histogram: {
        const histogram = decodeHistogramFrame(view, at);
        this.histograms.set(`${histogram.kind}/${histogram.slot}/${histogram.generation}`, histogram);
        return;
      }
      case FrameType.Loss: {
        const loss = decodeLossFrame(view, at);
        this.losses.set(loss.cause, loss.count);
        return;
      }
      case FrameType.WindowEnd:
        this.windows.push(decodeWindowFrame(view, at));
        return;
      case FrameType.DropEvent:
        this.events.push(decodeDropEventFrame(view, at));
        return;
      default:
    }
  }

  /** Waits until it holds; fails with the loader's own words after `ms`. */
  async until(holds: () => boolean, what: string, ms = 5000): Promise<void> {
    const end = Date.now() + ms;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}; the loader said: ${this.stderr}`);
      if (this.child.exitCode !== null && this.hello === undefined) throw new Error(this.stderr);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits for a window that began after now, so that it holds all that has happened until now. */
  async settle(): Promise<void> {
    const now = BigInt(Date.now()) * 1_000_000n;
    await this.until(() => this.windows.some((window) => window.endUnixNs > now), 'a window', 15_000);
  }

  /** All rows of a netns (or of all), added over slots. */
  dropsOf(netnsCookie?: bigint): DropCount[] {
    const counts: DropCount[] = [];
    for (const row of this.drops.values()) {
      const { subject } = row;
      if (netnsCookie !== undefined && subject.netnsCookie !== netnsCookie) continue;
      counts.push({
        reason: this.reasons.get(row.reason) ?? `?${row.reason}`,
        place: nameOf(Place, row.place),
        way: nameOf(Way, row.way),
        netnsCookie: subject.netnsCookie,
        ifindex: subject.ifindex,
        ifname: subject.ifname,
        prefixId: subject.prefixId,
        cgroupId: subject.cgroupId,
        packets: Number(row.packets),
        bytes: Number(row.bytes),
      });
    }
    return counts;
  }

  /** Packets of one reason in a netns: `{ 'Input/Device': 50 }`. */
  packetsOf(netnsCookie: bigint, reason: string): Record<string, number> {
    const found: Record<string, number> = {};
    for (const count of this.dropsOf(netnsCookie)) {
      const key = `${count.place}/${count.way}`;
      if (count.reason === reason) found[key] = (found[key] ?? 0) + count.packets;
    }
    return found;
  }

  /** The cookie of a namespace by the name that `ip netns` gave it. */
  async cookieOf(name: string): Promise<bigint> {
    const find = (): NetnsFrame | undefined => {
      const newest = this.netns.findLast((netns) => netns.path.endsWith(`/${name}`));
      return newest?.gone === 0 ? newest : undefined;
    };
    await this.until(() => find() !== undefined, `the name of ${name}`);
    return find()?.netnsCookie ?? 0n;
  }

  /** Losses that are not 0, by name. */
  lossesByName(): Record<string, bigint> {
    const lost = [...this.losses].filter(([, count]) => count !== 0n);
    return Object.fromEntries(lost.map(([cause, count]) => [nameOf(LossCause, cause), count]));
  }

  send(type: number, payload: Uint8Array): void {
    this.socket.write(encodeFrameHeader({ length: payload.length, type, abiVersion: ABI_VERSION }));
    this.socket.write(payload);
  }

  setPrefixes(prefixes: readonly PrefixFrame[]): void {
    for (const prefix of prefixes) this.send(FrameType.Prefix, encodePrefixFrame(prefix));
    this.send(FrameType.PrefixCommit, encodePrefixCommitFrame({ count: prefixes.length }));
  }

  /** Asks for the last window and waits for the loader's end. @returns its exit code, null when it had to be killed */
  async finish(): Promise<number | null> {
    const ended = this.child.exitCode === null ? once(this.child, 'exit') : undefined;
    if (this.socket.writable) this.send(FrameType.Finish, new Uint8Array(0));
    const limit = setTimeout(() => this.child.kill('SIGKILL'), FINISH_LIMIT_MS);
    await ended;
    clearTimeout(limit);
    this.socket.destroy();
    rmSync(this.folder, { recursive: true, force: true });
    return this.child.exitCode;
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Goes away without a word. */
  hangUp(): void {
    this.socket.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Resident bytes of the loader. */
  residentBytes(): number {
    const pages = readFileSync(`/proc/${String(this.child.pid)}/statm`, 'utf8').split(' ')[1];
    return Number(pages) * 4096;
  }
}
