/** The writer's main with V8's profiler on: what it did stands in the file of BENCH_PROFILE when it has ended. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const SAMPLE_EVERY_US = 500;

const file = process.env.BENCH_PROFILE ?? '';
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
session.post('Profiler.start');
// Within this thread the answers come before `post` returns.
process.once('exit', () => {
  session.post('Profiler.stop', (error, answer) => {
    if (error === null) writeFileSync(file, JSON.stringify(answer.profile));
  });
});
await import('../../../processors/writer/main.js');
