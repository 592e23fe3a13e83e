/** Making elements. Text is only ever set as text. */

type Attributes = Record<string, string | number | boolean>;

/** A new element with attributes and children; strings become text nodes, and false attributes are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children);
  return made;
}

/** A button with a label, and what it does. */
export function button(label: string, action: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", action);
  return made;
}

const numbers = new Intl.NumberFormat("en");

/** A count as people read it; a dash if it is not known. */
export function count(value: number | null): string {
  return value === null ? "–" : numbers.format(value);
}
