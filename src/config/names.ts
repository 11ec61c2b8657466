import { z } from 'zod'

/** What every field name of a record must be. */
export const fieldName = z.string().min(1, 'expected the name of a field')
