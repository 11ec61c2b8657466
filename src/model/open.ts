import { assert } from '../assert.ts'
import { isForecast, isSupervised, isSymbols } from '../config/kinds.ts'
import type { Config } from '../config/schema.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { Model, type ModelOptions } from './model.ts'
import { SupervisedModel } from './supervised/model.ts'
import { SymbolsModel } from './symbols/model.ts'

/** The model of a task of any kind. */
export type AnyModel = Model | SymbolsModel | SupervisedModel

/** Makes the model that a configuration asks for; `kernel` must be the one that it names. */
export function openModel(config: Config, kernel: Kernel, options: ModelOptions = {}): AnyModel {
  if (isForecast(config)) return new Model(config, kernel, options)
  if (isSymbols(config)) return new SymbolsModel(config, kernel, options)
  assert(isSupervised(config), 'there are three kinds of tasks')
  return new SupervisedModel(config, kernel, options)
}
