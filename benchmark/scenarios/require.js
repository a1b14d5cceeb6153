'use strict'

const path = require('node:path')

module.exports = {
  name: 'require',
  about: 'loading the package in a bare process, beside loading the openai SDK',
  sides: () => ({
    a: { label: 'bellwether', job: { workload: 'load', specifier: path.join(__dirname, '..', '..') } },
    b: { label: 'openai SDK', job: { workload: 'load', specifier: 'openai' } }
  }),
  figures: [
    {
      name: 'require-ms',
      title: "require('bellwether')",
      unit: 'ms',
      value: (a) => a.requireMs,
      must: 10,
      aim: 6,
      better: 'lower'
    }
  ],
  absolute: ['requireMs']
}
