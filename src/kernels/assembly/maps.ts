/**
 * The elementary functions over arrays, for tests and measurements. `count` floats from `from` on
 * go to `to`; a multiple of 4.
 */

import { exp4, log4, sigmoid4, tanh4 } from './math'

export function mapExp(from: usize, to: usize, count: u32): void {
  for (const end = from + (<usize>count << 2); from < end; from += 16, to += 16) {
    v128.store(to, exp4(v128.load(from)))
  }
}

export function mapLog(from: usize, to: usize, count: u32): void {
  for (const end = from + (<usize>count << 2); from < end; from += 16, to += 16) {
    v128.store(to, log4(v128.load(from)))
  }
}

export function mapSigmoid(from: usize, to: usize, count: u32): void {
  for (const end = from + (<usize>count << 2); from < end; from += 16, to += 16) {
    v128.store(to, sigmoid4(v128.load(from)))
  }
}

export function mapTanh(from: usize, to: usize, count: u32): void {
  for (const end = from + (<usize>count << 2); from < end; from += 16, to += 16) {
    v128.store(to, tanh4(v128.load(from)))
  }
}
