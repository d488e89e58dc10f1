import { Partitioners, type ICustomPartitioner, type Message, type RecordMetadata } from 'kafkajs';

/**
 * Knows which partition each message went to, and so whether a send was acknowledged for all of them.
 *
 * KafkaJS 2.2.4 sends a request per broker and, when it tries again, leaves out the brokers that have answered. If
 * a partition's leader dies and the new one is among these, its messages are never sent, and the send succeeds
 * (producer/sendMessages.js; seen with a broker of three killed under load: one acknowledged batch in 262 was in
 * no log). The answer lacks that partition, which is how it shows.
 */
export class SettledPartitions {
  readonly #partitionOf = new WeakMap<Message, number>();

  /** KafkaJS's default; a message that is sent again stays on its partition, also one without a key. */
  readonly partitioner: ICustomPartitioner = () => {
    const choose = Partitioners.DefaultPartitioner();
    return (input) => {
      const partition = this.#partitionOf.get(input.message) ?? choose(input);
      this.#partitionOf.set(input.message, partition);
      return partition;
    };
  };

  /** Partitions of these messages that no broker has answered for. */
  unanswered(messages: readonly Message[], answers: readonly RecordMetadata[]): number[] {
    const answered = new Set(answers.map(({ partition }) => partition));
    const sent = new Set(messages.map((message) => this.#partitionOf.get(message) ?? -1));
    return [...sent].filter((partition) => !answered.has(partition));
  }
}
