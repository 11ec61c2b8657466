/**
 * Lets the keyboard reach, and so scroll, each region that is smaller than what it holds; the
 * others are no stop on the way through the page.
 */
export function keepScrollable() {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const region = target.closest('.scroll')
      if (region instanceof HTMLElement) update(region)
    }
  })
  for (const region of document.querySelectorAll('.scroll')) {
    observer.observe(region)
    if (region.firstElementChild !== null) observer.observe(region.firstElementChild)
  }
}

/** @param {HTMLElement} region */
function update(region) {
  const isCut = region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight
  if (isCut === (region.tabIndex === 0)) return
  for (const name of ['tabindex', 'role', 'aria-label']) region.removeAttribute(name)
  if (!isCut) return
  region.tabIndex = 0
  region.setAttribute('role', 'group')
  region.setAttribute('aria-label', region.dataset.label ?? '')
}
