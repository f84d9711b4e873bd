/** Building what is shown, without a line of HTML in a string. */

const SVG = 'http://www.w3.org/2000/svg';

function apply(node, [name, value]) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) node.addEventListener(name.slice(2).toLowerCase(), value);
  else if (name === 'style') for (const [key, setting] of Object.entries(value)) node.style.setProperty(key, setting);
  else if (name === 'value') node.value = value;
  else node.setAttribute(name, value === true ? '' : String(value));
}

function build(node, properties, children) {
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  Object.entries(properties ?? {}).forEach((entry) => apply(node, entry));
  return node;
}

/** An HTML element; `on…` properties are listeners, `style` an object, others attributes; null children are left out. */
export const h = (tag, properties, ...children) => build(document.createElement(tag), properties, children);

/** The same for SVG. */
export const svg = (tag, properties, ...children) => build(document.createElementNS(SVG, tag), properties, children);

/** Show `children` in `node` instead of what it held. */
export function show(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return node;
}
