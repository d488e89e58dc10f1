import type { OutgoingMessage, Producer } from '../../../common/kafka/producer.js';
import { BellwetherError, messageOf } from '../../../common/runtime/errors.js';
import type { Life } from './life.js';
import type { SimLog } from './log.js';
import { ask } from './network.js';
import type { Simulation } from './simulation.js';

const nothing = () => Promise.resolve();

/** Sends to the simulated log; after an error some of the messages may be there. */
export function simProducer(sim: Simulation, life: Life, log: SimLog): Producer {
  return {
    start: nothing,
    stop: nothing,
    async send(topic, messages) {
      if (messages.length === 0) return;
      try {
        await ask(sim, life, log, `send to ${topic}`, () => appendAll(sim, log, topic, messages));
      } catch (error) {
        throw new BellwetherError('kafka_unavailable', messageOf(error));
      }
    },
  };
}

/** The partitions take theirs one by one: one may have no leader just now. */
function appendAll(sim: Simulation, log: SimLog, topic: string, messages: readonly OutgoingMessage[]): void {
  const some = sim.goesWrong(`log: ${topic} takes only some`, 0.02);
  const taken = some ? messages.slice(0, sim.random.below(messages.length)) : messages;
  for (const message of taken) log.append(topic, message);
  if (some) throw new Error('NOT_LEADER_FOR_PARTITION');
}
