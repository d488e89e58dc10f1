import { Command } from 'commander';
import { BellwetherError } from '../common/runtime/errors.js';
import { sendAgainstFirewall, sendDatagrams, type DatagramFlow } from '../embedded/demo/faults.js';
import { demoPlan } from '../embedded/demo/plan.js';
import { runningStack } from './home.js';

/** Nothing listens there in the demo. */
const CLOSED_PORT = 9;
const FIREWALLED_PORT = 5_353;

const FAULTS: Readonly<Record<string, (flow: Omit<DatagramFlow, 'port' | 'count'>) => Promise<string>>> = {
  'closed-port': async (flow) => {
    await sendDatagrams({ ...flow, port: CLOSED_PORT, count: 50 });
    return `50 datagrams went to port ${String(CLOSED_PORT)} of ${flow.to}, where nothing listens`;
  },
  firewall: async (flow) => {
    const dropped = await sendAgainstFirewall({ ...flow, port: FIREWALLED_PORT, count: 70 });
    return `70 datagrams went to port ${String(FIREWALLED_PORT)} of ${flow.to}; its nft rule dropped ${String(dropped)}`;
  },
};

export function demoCommand(): Command {
  const names = Object.keys(FAULTS).join(' | ');
  const command = new Command('demo').description('make something go wrong in the running demo');
  command
    .command('fault')
    .description(`make packets of acme be dropped for a real reason: ${names}`)
    .argument('<fault>', names)
    .action(async (name: string) => {
      const fault = FAULTS[name];
      if (fault === undefined)
        throw new BellwetherError('bad_request', `there is no fault "${name}": ${names}`);
      const stack = runningStack();
      if (!stack.demo)
        throw new BellwetherError('not_found', 'the running stack has no demo: npm run up -- --demo');
      const [acme, globex] = demoPlan(stack.demoPrefix).customers;
      const said = await fault({ from: globex.netns, to: acme.netns, address: acme.address });
      process.stdout.write(`${said}; acme's answers show it within 15 s\n`);
    });
  return command;
}
