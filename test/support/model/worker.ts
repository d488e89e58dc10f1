/** Runs a share of the schedules in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSchedules, type Share } from './many.js';

parentPort?.postMessage(await runSchedules(workerData as Share));
