import { describe, expect, test } from 'vitest'
import { hashPage } from '../../../../src/model/snapshot/page-rows.ts'
import { PAGE_WORDS, PageTable } from '../../../../src/model/symbols/pages.ts'

describe('PageTable', () => {
  test('cuts its memory into pages of 64 kB', () => {
    const pages = new PageTable(2 * PAGE_WORDS + 1)
    expect(pages.count).toBe(3)
    expect(pages.words(2).byteLength).toBe(65_536)
    pages.words(1)[5] = 7
    expect(pages.memory[PAGE_WORDS + 5]).toBe(7)
    expect(pages.byteLength).toBeGreaterThanOrEqual(3 * 65_536)
  })

  test('tells of a page before its first change after a cut, and once', () => {
    const pages = new PageTable(2 * PAGE_WORDS)
    const told: string[] = []
    const change = (page: number, record: number) => {
      pages.record = record
      pages.touch(page)
    }
    pages.watch = {
      changing(page) {
        told.push(`${page} as of ${pages.lastChanged[page]}`)
        pages.captured[page] = pages.snapshot
      },
    }
    change(0, 1)
    expect(told).toEqual([])
    pages.snapshot = 1
    change(0, 2)
    change(0, 2)
    change(1, 3)
    change(0, 3)
    expect(told).toEqual(['0 as of 1', '1 as of 0'])
    expect([...pages.lastChanged]).toEqual([3, 3])
  })

  test('hashes what a page holds, which page it is and when it changed', () => {
    const pages = new PageTable(2 * PAGE_WORDS)
    const hashOf = (page: number) => hashPage(pages, page).hex()
    const seen = new Set([hashOf(0), hashOf(1)])
    expect(seen.size).toBe(2)
    pages.record = 1
    pages.touch(0)
    seen.add(hashOf(0))
    pages.record = 2
    pages.touch(0)
    pages.words(0)[9] = 1
    seen.add(hashOf(0))
    expect(seen.size).toBe(4)
  })
})
