/* global document, window, getComputedStyle, HTMLInputElement, HTMLSelectElement, MutationObserver, Event, performance, console */
/**
 * What the tests ask of the page from inside it, as `probe.…`. Plain JavaScript, put into every page before
 * its own scripts; it runs in the browser, where the project's types do not reach.
 */
window.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
});

function firstPaint() {
  return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity;
}

/** What has the focus, and whether it can be seen to have it; null on the body. */
function focusStop() {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const name = element.id || element.getAttribute('aria-labelledby') || element.textContent;
  // A radio button is drawn by its label.
  const drawn = element instanceof HTMLInputElement ? element.nextElementSibling : element;
  const style = getComputedStyle(drawn);
  const { width, height, bottom } = element.getBoundingClientRect();
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return { name, seen: outlined && width > 1 && height > 1 && bottom > 0 };
}

/** Share of painted pixels in a column of a chart whose y axis is 56 pixels wide, 0 to 1. */
function paintedShare(selector, part) {
  const canvas = document.querySelector(selector);
  const scale = window.devicePixelRatio;
  const left = 56 * scale;
  const x = Math.round(left + (canvas.width - left) * part);
  // From below the top padding to above the baseline and the times.
  const height = canvas.height - 50 * scale;
  const { data } = canvas.getContext('2d').getImageData(x, 12 * scale, 1, height);
  let painted = 0;
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] > 0) painted++;
  return painted / height;
}

function pretendHidden(hidden) {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

/** Collects what a polite live region says from now on. */
const heard = [];
function listen() {
  const region = document.querySelector('[aria-live=polite]');
  new MutationObserver(() => heard.push(region.textContent)).observe(region, {
    childList: true,
    characterData: true,
    subtree: true,
  });
}

function rightEdge(selector) {
  return document.querySelector(selector).getBoundingClientRect().right;
}

const visible = (element) => element.checkVisibility({ visibilityProperty: true });

/** The checks of the usual accessibility linters that matter here; empty when all is in order. */
function audit() {
  return [...structure(), ...references(), ...controls(), ...contrasts()];
}

function structure() {
  const faults = [];
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} twice`);
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')]
    .filter(visible)
    .map(({ tagName }) => +tagName[1]);
  if (levels.filter((level) => level === 1).length !== 1) faults.push('not one h1');
  levels.forEach((level, index) => {
    if (level > (levels[index - 1] ?? 0) + 1) faults.push(`heading ${index} skips a level`);
  });
  for (const landmark of ['main', 'header']) {
    if (document.querySelectorAll(landmark).length !== 1) faults.push(`not one ${landmark}`);
  }
  if (document.documentElement.lang === '') faults.push('no language');
  return faults;
}

function references() {
  const faults = [];
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(' ')) {
        if (document.getElementById(id) === null) faults.push(`${attribute} names ${id}, which is not there`);
      }
    }
  }
  for (const hidden of document.querySelectorAll('[aria-hidden=true]')) {
    if (hidden.querySelector('a[href], button, input, select, [tabindex="0"]') !== null) {
      faults.push('something within aria-hidden takes the focus');
    }
  }
  return faults;
}

/** Each control has a name and is at least 24 × 24 pixels large (WCAG 2.2, 2.5.8), links in text aside. */
function controls() {
  const faults = [];
  const all = 'button, select, input, a[href], summary, [role=img], [role=region]';
  for (const element of [...document.querySelectorAll(all)].filter(visible)) {
    const isField = element instanceof HTMLInputElement || element instanceof HTMLSelectElement;
    const name = isField
      ? (element.labels[0]?.textContent ?? '')
      : element.getAttribute('aria-label') ||
        element.getAttribute('aria-labelledby') ||
        element.textContent.trim();
    if (name === '') faults.push(`${element.outerHTML.slice(0, 80)} has no name`);
    const { width, height } = element.getBoundingClientRect();
    if (!element.matches('p a, .skip') && (width < 24 || height < 24)) {
      faults.push(`"${name}" is ${width} × ${height}`);
    }
  }
  return faults;
}

/** Text has a contrast of 4.5 against what it stands on (WCAG AA). */
function contrasts() {
  const faults = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!own || !visible(element) || element.closest('.hidden, noscript, option') !== null) continue;
    const pair = [getComputedStyle(element).color, groundOf(element)].map(luminance);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)} of "${element.textContent.slice(0, 30)}"`);
  }
  return faults;
}

function groundOf(element) {
  for (let at = element; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
  }
  return 'rgb(255, 255, 255)';
}

function luminance(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

window.probe = { firstPaint, focusStop, paintedShare, pretendHidden, heard, listen, rightEdge, audit };
