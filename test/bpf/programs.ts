/** The small C programs of bpf/test. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './loader-client.js';

/** Path of a program of bpf/test, built when it is not there or not fresh. */
export function testProgram(name: string): string {
  execFileSync('make', ['-C', join(ROOT, 'bpf'), '-s', 'test'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(ROOT, 'bpf/build', name);
}
