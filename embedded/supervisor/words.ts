import type { StackFile } from './stack-file.js';

/** What `up` says when a stack already runs under this home. */
export function runningText(stack: StackFile): string {
  const parts = stack.parts.map(({ name, pid, state }) => `${name} (pid ${String(pid)}, ${state})`);
  return [
    `Bellwether already runs under ${stack.home} (supervisor pid ${String(stack.pid)}, ${stack.state}); \`npm run down\` stops it.`,
    `  parts: ${parts.join(', ')}`,
    accessText(stack),
  ].join('\n');
}

/** URLs, tokens and three requests to try. */
export function accessText(stack: StackFile): string {
  const lines = [
    '',
    `  page and API   ${stack.urls.api}/   (OpenAPI: ${stack.urls.api}/openapi.json)`,
    `  Kafka          ${stack.urls.kafka}`,
    `  ClickHouse     ${stack.urls.clickhouse}   (URL with credentials: ${stack.urlFiles.clickhouseAdmin})`,
  ];
  const tokens = Object.entries(stack.tokens);
  for (const [name, file] of tokens) lines.push(`  token ${name.padEnd(8)} ${file}`);
  if (tokens.length === 0) return lines.join('\n');
  const curl = (token: string, path: string) =>
    `  curl -s -H "Authorization: Bearer $(cat ${stack.tokens[token] ?? ''})" '${stack.urls.api}${path}'`;
  const customer = tokens.map(([name]) => name).find((name) => name !== 'operator');
  lines.push('', 'Try:', curl('operator', '/v1/fleet/ledger?from=now-1m'));
  if (customer === undefined) {
    lines.push(curl('operator', '/v1/customers'), curl('operator', '/v1/whoami'));
  } else {
    lines.push(
      curl(customer, `/v1/customers/${customer}/latency?signal=tcp.rtt&from=now-5m&step=10s`),
      curl(customer, `/v1/customers/${customer}/drops?from=now-5m&by=reason`),
    );
  }
  return [...lines, ''].join('\n');
}
