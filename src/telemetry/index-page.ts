const descriptions: Readonly<Record<string, string>> = {
  '/livez': 'the process answers',
  '/readyz': 'all tasks run, or the reasons why not',
  '/version': 'what is running',
  '/metrics': 'metrics in the text format of Prometheus',
}

/** A small page without scripts or outside assets that lists the routes. */
export function indexPage(paths: readonly string[], version: string): string {
  const rows = paths.map((path) => {
    const link = `<a href="${escapeHtml(path)}">${escapeHtml(path)}</a>`
    return `<li>${link} ${escapeHtml(descriptions[path] ?? '')}</li>`
  })
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    '<title>headrace</title>',
    '<style>:root{color-scheme:light dark}body{font:16px/1.6 system-ui;margin:2rem}</style>',
    `<h1>headrace ${escapeHtml(version)}</h1>`,
    '<ul>',
    ...rows,
    '</ul>',
    '</html>',
    '',
  ].join('\n')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
