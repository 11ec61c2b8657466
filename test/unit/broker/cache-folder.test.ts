import { expect, test } from 'vitest'
import { userCacheFolder } from '../../../src/broker/cache-folder.ts'

// It holds true: the cache is where the platform's users look for it, or where they say.
test('by platform, unless XDG_CACHE_HOME says otherwise', () => {
  expect(userCacheFolder({}, 'linux', '/Users/u')).toBe('/Users/u/.cache')
  expect(userCacheFolder({}, 'darwin', '/Users/u')).toBe('/Users/u/Library/Caches')
  expect(userCacheFolder({ XDG_CACHE_HOME: '/c' }, 'linux', '/Users/u')).toBe('/c')
  expect(userCacheFolder({ XDG_CACHE_HOME: '/c' }, 'darwin', '/Users/u')).toBe('/c')
  expect(userCacheFolder({ XDG_CACHE_HOME: '' }, 'linux', '/Users/u')).toBe('/Users/u/.cache')
})
