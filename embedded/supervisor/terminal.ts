/** Where the supervisor talks to its user: lines with elapsed times, and one line that is redrawn. */
export interface Terminal {
  say(line: string): void;
  /** Without the elapsed time: for blocks of text. */
  print(line: string): void;
  /** Redraws the live line (on a terminal), or prints it now and then (into a file). */
  live(line: string): void;
  /** Leaves the live line for good. */
  endLive(): void;
}

/** Where nobody watches, the live line is printed this often. */
const PRINT_INTERVAL_MS = 10_000;
const ERASE_LINE = '\r\u001b[2K';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function createTerminal(output: Output, now: () => number = () => performance.now()): Terminal {
  const started = now();
  let live = '';
  let printed = Number.NEGATIVE_INFINITY;
  const redrawable = output.isTTY === true;
  const write = (line: string) => {
    output.write(redrawable && live !== '' ? `${ERASE_LINE}${line}\n${live}` : `${line}\n`);
  };
  return {
    say(line) {
      const seconds = ((now() - started) / 1000).toFixed(1).padStart(6);
      write(`[${seconds} s] ${line}`);
    },
    print: write,
    live(line) {
      if (redrawable) {
        live = line.slice(0, (output.columns ?? 120) - 1);
        output.write(`${ERASE_LINE}${live}`);
      } else if (now() - printed >= PRINT_INTERVAL_MS) {
        printed = now();
        write(line);
      }
    },
    endLive() {
      if (live !== '') output.write('\n');
      live = '';
    },
  };
}
