import { textValueOf, type ForeignRequest } from '../../common/wire/foreign/index.js';
import { CUSTOMER } from '../../common/wire/otlp-attributes.js';

/** Names of our own at a resource: by them a message would pass for one of our agents'. */
const OURS = /^bellwether\./;

/**
 * Makes every resource the customer's, whatever it says, and takes all our own names from it. Who sends is
 * known by the token and nothing else.
 */
export function stamp(request: ForeignRequest, customer: string): void {
  for (const metrics of request.resourceMetrics) {
    const own = metrics.resource?.attributes.filter(({ key }) => !OURS.test(key)) ?? [];
    metrics.resource = { attributes: [...own, { key: CUSTOMER, value: textValueOf(customer) }] };
  }
}

/** Takes out what holds no points any more. */
export function prune(request: ForeignRequest): void {
  for (const metrics of request.resourceMetrics) {
    for (const scope of metrics.scopeMetrics) {
      scope.metrics = scope.metrics.filter(({ gauge, sum, histogram, exponentialHistogram }) => {
        const data = gauge ?? sum ?? histogram ?? exponentialHistogram;
        return data !== undefined && data.dataPoints.length > 0;
      });
    }
    metrics.scopeMetrics = metrics.scopeMetrics.filter((scope) => scope.metrics.length > 0);
  }
  request.resourceMetrics = request.resourceMetrics.filter(({ scopeMetrics }) => scopeMetrics.length > 0);
}
