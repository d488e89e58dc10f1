import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message, PartitionMetadata } from 'kafkajs';
import { SettledPartitions } from '../../../common/kafka/settled-partitions.js';

const partitionMetadata: PartitionMetadata[] = [0, 1, 2].map((partitionId) => ({
  partitionErrorCode: 0,
  partitionId,
  leader: partitionId,
  replicas: [],
  isr: [],
}));
// 16 without a key: one more round over three partitions would not happen to give each its own again.
const messages: Message[] = Array.from({ length: 31 }, (_, i) => ({
  key: i < 15 ? `k${i}` : null,
  value: 'v',
}));
const answer = (partition: number) => ({ topicName: 't', partition, errorCode: 0 });

describe('settled partitions', () => {
  it('names the partition that an answer leaves out', () => {
    const settled = new SettledPartitions();
    const choose = settled.partitioner();
    const used = new Set(messages.map((message) => choose({ topic: 't', partitionMetadata, message })));
    assert.deepEqual([...used].sort(), [0, 1, 2]);
    assert.deepEqual(settled.unanswered(messages, [answer(0), answer(1), answer(2)]), []);
    assert.deepEqual(settled.unanswered(messages, [answer(0), answer(2)]), [1]);
    assert.deepEqual(settled.unanswered(messages, []).sort(), [0, 1, 2]);
  });

  it('keeps a message that is sent again on its partition, with and without a key', () => {
    const choose = new SettledPartitions().partitioner();
    const once = messages.map((message) => choose({ topic: 't', partitionMetadata, message }));
    const again = messages.map((message) => choose({ topic: 't', partitionMetadata, message }));
    assert.deepEqual(again, once);
  });

  it('takes a message that was never given to a partition for unanswered', () => {
    assert.deepEqual(new SettledPartitions().unanswered([{ value: 'v' }], [answer(0)]), [-1]);
  });
});
