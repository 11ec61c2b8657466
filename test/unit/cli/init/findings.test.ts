import { describe, expect, test } from 'vitest'
import { examine } from '../../../../src/cli/init/findings.ts'
import { atHour, examined, gaussian, hourMs, noise, topicSample, unique } from './support.ts'

const rows = <T>(count: number, at: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => at(i))

describe('the key', () => {
  const stations = (i: number) => ['jfk', 'lga', 'ewr'][i % 3]!
  const record = (i: number, more: object = {}) => ({
    time: atHour(Math.floor(i / 3)),
    y: (i % 3) * 100 + Math.sin(i),
    ...more,
  })

  test('a topic whose keys repeat needs no field', () => {
    const records = rows(60, (i) => ({ value: record(i), key: stations(i) }))
    const { key } = examine(topicSample(records), undefined)
    expect(key).toMatchObject({ by: 'record', field: null, groups: { count: 3 } })
    expect(key.why).toContain('name 3 sequences')
  })

  test('keys that never repeat are ids: then a field is looked for', () => {
    const records = rows(60, (i) => ({
      value: record(i, { place: stations(i) }),
      key: unique(i),
    }))
    const { key } = examine(topicSample(records), undefined)
    expect(key).toMatchObject({ by: 'field', field: 'place', groups: { count: 3 } })
    expect(key.why).toContain('hardly repeat')
    const constant = rows(60, (i) => ({
      value: { time: atHour(i), y: Math.sin(i), place: 'jfk' },
      key: unique(i),
    }))
    expect(examine(topicSample(constant), undefined).key).toMatchObject({ field: 'place' })
    const neither = rows(60, (i) => ({ value: { y: Math.sin(i) }, key: unique(i) }))
    const alone = examine(topicSample(neither), undefined).key
    expect(alone).toMatchObject({ by: 'record', field: null })
    expect(alone.why).toContain('set input.key')
  })

  test('binary keys are keys too', () => {
    const records = rows(60, (i) => ({
      value: record(i),
      key: Uint8Array.from([0xff, i % 3]),
    }))
    expect(examine(topicSample(records), undefined).key.groups.count).toBe(3)
  })

  test('rows that share their time are told apart by a text, whatever it is called', () => {
    const { key } = examined(rows(90, (i) => record(i, { where: stations(i) })))
    expect(key).toMatchObject({ field: 'where', groups: { count: 3 } })
  })

  test('a number names sequences where there are as many as rows of one time', () => {
    const values = rows(90, (i) => record(i, { spot: i % 3, whole: Math.round(50 * Math.sin(i)) }))
    expect(examined(values).key.field).toBe('spot')
  })

  test('a category of a single series is no key', () => {
    const sky = noise(1)
    const values = rows(300, (i) => ({
      time: atHour(i),
      y: 50 + 10 * Math.sin(i / 4),
      weather: sky() < 0.5 ? 'sun' : 'rain',
    }))
    expect(examined(values).key).toMatchObject({ by: 'nothing', groups: { count: 1 } })
    const timeless = values.map(({ y, weather }) => ({ y, weather }))
    expect(examined(timeless).key.field).toBe(null)
  })

  test('without time a text is one where values change less within it, or by its name', () => {
    const values = rows(200, (i) => ({ v: (i % 4) * 10 + Math.sin(i / 9), kind: `k${i % 4}` }))
    expect(examined(values).key.field).toBe('kind')
    const named = rows(200, (i) => ({ v: noise(i)(), sensor_id: i % 4 }))
    expect(examined(named).key.field).toBe('sensor_id')
  })
})

describe('the time', () => {
  const y = (i: number) => Math.sin(i * 7)

  test.each([
    ['timestamp', (i: number) => atHour(i)],
    ['created_at', (i: number) => atHour(i).replace('T', ' ').slice(0, 19)],
    ['eventTime', (i: number) => Date.UTC(2024, 0, 1) + i * hourMs],
    ['ts_ms', (i: number) => String(Date.UTC(2024, 0, 1) + i * hourMs)],
    ['anything', (i: number) => Date.UTC(2024, 0, 1) + i * hourMs],
  ])('%s is found', (name, at) => {
    const { time, steps, unusable } = examined(rows(60, (i) => ({ y: y(i), [name]: at(i) })))
    expect(time.field).toBe(name)
    expect(steps).toMatchObject({ medianMs: hourMs, irregular: 0, backward: 0 })
    expect(unusable.rows).toBe(0)
  })

  test.each([
    ['seconds', 1_700_000_000],
    ['microseconds', 1_700_000_000_000_000],
    ['nanoseconds', 1_700_000_000_000_000_000],
  ])('epoch %s are refused, in words', (unit, start) => {
    const values = rows(60, (i) => ({ ts: start + i * (start / 1e6), y: y(i) }))
    const { time, fields, remarks } = examined(values)
    expect(time).toMatchObject({ field: null, hasTimes: false })
    expect(remarks.join()).toContain(`"ts" looks like epoch ${unit}`)
    expect(fields.targets).toEqual(['y'])
    expect(fields.inputs).toEqual([])
  })

  test('a date of another form is refused, in words', () => {
    const { time, remarks } = examined(rows(30, (i) => ({ day: `1/${1 + i}/24`, y: y(i) })))
    expect(time.field).toBe(null)
    expect(remarks.join()).toContain('"day" looks like a time, such as "1/1/24"')
  })

  test('of two times the one that goes on is the event’s', () => {
    const jump = noise(2)
    const values = rows(60, (i) => ({
      birth_date: atHour(Math.floor(1e5 * jump())),
      seen: atHour(i),
      y: y(i),
    }))
    expect(examined(values).time.field).toBe('seen')
  })

  test('a topic without a field for it has the records’ timestamps', () => {
    const records = rows(60, (i) => ({ value: { y: y(i) }, timestampMs: 1.7e12 + i * hourMs }))
    const { time, steps } = examine(topicSample(records), undefined)
    expect(time).toMatchObject({ field: null, hasTimes: true })
    expect(steps.medianMs).toBe(hourMs)
  })

  test('steps that are uneven or lead back, and dates without hours, are told', () => {
    const uneven = examined(
      rows(60, (i) => ({ time: atHour(i + (i % 5 === 0 ? 0.5 : 0)), y: y(i) })),
    )
    expect(uneven.remarks.join()).toContain('of the steps of a sequence are not of 1 h')
    const back = examined(rows(60, (i) => ({ time: atHour(i % 7 === 3 ? i - 3 : i), y: y(i) })))
    expect(back.remarks.join()).toContain('lead back in time')
    const dates = examined(rows(96, (i) => ({ date: atHour(i).slice(0, 10), y: y(i) })))
    expect(dates.remarks.join()).toContain('have the time of the row before')
    expect(dates.seasons.every(({ span }) => span === null)).toBe(true)
  })
})

describe('the fields', () => {
  const g = gaussian(5)

  test('what cannot be seen is left out, each with its reason', () => {
    const values = rows(60, (i) => ({
      load: g(),
      temperature: g(),
      open: i % 2 === 0,
      position: { lat: g() },
      tags: ['a'],
      price: String(g()),
      note: unique(i),
      unit: 4,
      total_id: i,
      counter: i * 3,
      nothing: null,
    }))
    const { fields } = examined(values)
    expect(fields.targets).toEqual(['load'])
    expect(fields.inputs).toEqual(['temperature'])
    const why = Object.fromEntries(fields.fields.map((field) => [field.name, field.why]))
    expect(why.open).toContain('true or false: write 1 and 0')
    expect(why.position).toContain('top level')
    expect(why.tags).toContain('top level')
    expect(why.price).toContain('numbers in quotes')
    expect(why.note).toContain('is text')
    expect(why.unit).toContain('never changes')
    expect(why.total_id).toContain('id by its name')
    expect(why.counter).toContain('only grows')
    expect(why.nothing).toContain('always missing')
  })

  test('a name that says so is the target before the first, and the user before both', () => {
    const values = rows(60, () => ({ hour: g(), wind: g(), count: g() }))
    expect(examined(values).fields.targets).toEqual(['count'])
    const asked = examined(values, ['wind', 'hour']).fields
    expect(asked.targets).toEqual(['wind', 'hour'])
    expect(asked.inputs).toEqual(['count'])
    const plain = rows(60, () => ({ hour: g(), wind: g(), sun: g() }))
    expect(examined(plain).fields).toMatchObject({ targets: ['wind'], calendar: ['hour'] })
    expect(() => examined(values, ['absent'])).toThrow(
      '"absent" holds no numbers; these do: "hour"',
    )
  })

  test('a field that is often missing, or sometimes no number, is no input', () => {
    const values = rows(100, (i) => ({
      y: g(),
      rare: i % 4 === 0 ? g() : null,
      mixed: i % 20 === 0 ? 'n/a' : g(),
    }))
    expect(examined(values).fields).toMatchObject({ inputs: [], spare: ['rare', 'mixed'] })
  })

  test('mistakes in the target are counted as the dead letters that they would be', () => {
    const values = rows(100, (i) => ({ y: i % 20 === 0 ? 'n/a' : g() }))
    const { unusable, remarks } = examined(values)
    expect(unusable.rows).toBe(5)
    expect(unusable.first).toContain('"y" must be a number')
    expect(remarks.join()).toContain('5 rows (5 %) cannot be used')
  })

  test('fields that look ahead are known ones', () => {
    const values = rows(60, (i) => ({ y: g(), open: i % 2, 'open+1': 1 - (i % 2), 'open+6': 0 }))
    const { fields } = examined(values)
    expect(fields).toMatchObject({ known: ['open'], horizons: [1, 6], inputs: [], targets: ['y'] })
  })

  test('only sixteen inputs are taken', () => {
    const names = rows(30, (i) => `f${i}`)
    const values = rows(40, () => Object.fromEntries(names.map((name) => [name, g()])))
    const { fields } = examined(values)
    expect(fields.inputs).toEqual(names.slice(1, 17))
    expect(fields.spare).toEqual(names.slice(17))
  })
})

test('nothing to predict says what was read', () => {
  const failing = () => examined([{ a: 'x' }, { a: 'y' }])
  expect(failing).toThrow('no field holds numbers to predict')
  expect(failing).toThrow('It was read as JSON lines')
  expect(() => examine(topicSample([{ value: 'nonsense' }]), undefined)).toThrow(
    'none of its records can be read',
  )
})
