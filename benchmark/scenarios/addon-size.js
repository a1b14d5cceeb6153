'use strict'

module.exports = {
  name: 'addon-size',
  about: 'the native addon on disk, without symbols',
  sides: () => ({ a: { label: 'bellwether', job: { workload: 'addon-size' } } }),
  figures: [
    {
      name: 'addon-size-mb',
      title: 'stripped .node file',
      unit: 'MB',
      value: (a) => a.strippedBytes / 1e6,
      must: 8,
      aim: 7,
      better: 'lower'
    }
  ],
  absolute: ['strippedBytes', 'builtBytes'],
  pairs: 1
}
