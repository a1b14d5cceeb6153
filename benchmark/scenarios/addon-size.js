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
      must: 6,
      aim: 5,
      better: 'lower'
    }
  ],
  absolute: ['strippedBytes', 'builtBytes'],
  pairs: 1
}
