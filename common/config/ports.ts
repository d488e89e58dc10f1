/** Default ports of the embedded stack, all on loopback; each has a variable `BELLWETHER_…_PORT`. */
export const DEFAULT_PORTS = Object.freeze({
  kafka: 19_092,
  kafkaController: 19_093,
  store: 18_123,
  api: 18_080,
  writer: 18_081,
  agent: 18_082,
  rollup: 18_083,
  /** The one that OpenTelemetry's exporters send to by default. */
  receiver: 4_318,
});
