import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';
import { runIn } from './ip.js';

const sender = fileURLToPath(new URL('send-datagrams.js', import.meta.url));

export interface DatagramFlow {
  /** Network namespace of the sender. */
  readonly from: string;
  /** Network namespace of the receiver. */
  readonly to: string;
  readonly address: string;
  readonly port: number;
  readonly count: number;
}

/** Sends exactly `count` datagrams; what becomes of them is up to the receiver. */
export async function sendDatagrams(flow: DatagramFlow): Promise<void> {
  const { from, address, port, count } = flow;
  await runIn(from, process.execPath, sender, address, String(port), String(count));
}

/** Table of our own, so that no rule of anybody else's is touched. */
const TABLE = 'bellwether_fault';

const counters = z.object({
  nftables: z.array(z.object({ counter: z.object({ name: z.string(), packets: z.number() }).optional() })),
});

/**
 * Sends datagrams against an nft `drop` rule that stands at the receiver's input for as long as it takes.
 * @returns how many packets nft itself says that it dropped.
 */
export async function sendAgainstFirewall(flow: DatagramFlow): Promise<number> {
  const nft = (line: string) => runIn(flow.to, 'nft', ...line.split(' '));
  await nft(`add table inet ${TABLE}`);
  try {
    await nft(`add counter inet ${TABLE} dropped`);
    await nft(`add chain inet ${TABLE} input { type filter hook input priority 0 ; policy accept ; }`);
    await nft(`add rule inet ${TABLE} input udp dport ${String(flow.port)} counter name dropped drop`);
    await sendDatagrams(flow);
    const listed = counters.parse(JSON.parse(await nft(`-j list counters table inet ${TABLE}`)));
    const counter = listed.nftables.find((entry) => entry.counter?.name === 'dropped')?.counter;
    if (counter === undefined) throw new BellwetherError('setup_failed', 'nft lists no counter of the rule');
    return counter.packets;
  } finally {
    await nft(`delete table inet ${TABLE}`);
  }
}
