'use strict'

module.exports = {
  ...require('./answer'),
  ...require('./vendor'),
  ...require('./connection'),
  ...require('./stream'),
  ...require('./payload'),
  ...require('./sequence'),
  combine: require('../fault').combine,
}
