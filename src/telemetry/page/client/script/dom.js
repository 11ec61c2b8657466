/**
 * The element of that id, which the document holds; throws where it holds none of that kind.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function element(id, kind) {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new TypeError(`the document has no ${kind.name} #${id}`)
  return found
}

/**
 * A new element with a class and a text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text) node.textContent = text
  return node
}

/**
 * Writes only what is new: an unchanged text costs the browser nothing, and a reader no word. A
 * node that holds one piece of text keeps it, which is cheaper than another one.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  const { firstChild } = node
  if (firstChild instanceof Text && firstChild.nextSibling === null) {
    if (firstChild.data !== text) firstChild.data = text
  } else if (node.textContent !== text) {
    node.textContent = text
  }
}

/**
 * The same for attributes of the kind `data-…`; undefined takes it away.
 * @param {HTMLElement} node
 * @param {string} name
 * @param {string | undefined} value
 */
export function setData(node, name, value) {
  if (node.dataset[name] === value) return
  if (value === undefined) delete node.dataset[name]
  else node.dataset[name] = value
}

/**
 * How much of a bar is filled, from 0 to 1; to write a style costs more than to look at it.
 * @param {HTMLElement} bar
 * @param {number} share
 */
export function setShare(bar, share) {
  const text = Math.min(1, Math.max(0, share)).toFixed(3)
  if (bar.dataset.share === text) return
  bar.dataset.share = text
  bar.style.transform = `scaleX(${text})`
}

/**
 * A list of like elements that is kept up to date in place: each item has its element, found by
 * the item's key, in the order of the items.
 * @template T
 * @template {HTMLElement} E
 */
export class ElementList {
  /** @type {Map<string, E>} */
  #elements = new Map()
  /** @type {Element} */
  #parent
  /** @type {(item: T) => string} */
  #keyOf
  /** @type {(item: T) => E} */
  #create

  /**
   * @param {Element} parent
   * @param {(item: T) => string} keyOf
   * @param {(item: T) => E} create
   */
  constructor(parent, keyOf, create) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#create = create
  }

  /**
   * @param {readonly T[]} items
   * @param {(element: E, item: T) => void} update
   */
  show(items, update) {
    const left = new Set(this.#elements.keys())
    for (const [index, item] of items.entries()) {
      const key = this.#keyOf(item)
      const known = this.#elements.get(key)
      const node = known ?? this.#create(item)
      if (known === undefined) this.#elements.set(key, node)
      left.delete(key)
      update(node, item)
      const there = this.#parent.children[index]
      if (there !== node) this.#parent.insertBefore(node, there ?? null)
    }
    for (const key of left) {
      this.#elements.get(key)?.remove()
      this.#elements.delete(key)
    }
  }
}
