import { join } from 'node:path'

/** The user's cache folder as the platform has it; `XDG_CACHE_HOME` wins everywhere. */
export function userCacheFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache')
}
