'use strict'

// Finds mistakes; style is not its business.

const js = require('@eslint/js')
const globals = require('globals')

module.exports = [
  // Generated, installed or built.
  { ignores: ['**/node_modules/', 'target/', 'native.cjs', 'benchmark/results/', 'dashboard/vendor/'] },
  js.configs.recommended,
  {
    // A comment that silences nothing hides the next one that would.
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { ecmaVersion: 2024, sourceType: 'commonjs', globals: globals.node },
    rules: {
      // Catches 1 == '1'; `== null` alone is of use.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Parameters before a used one are there for their place, `_` says that a name is there for the others,
      // and private members may hold an object alive without being read.
      'no-unused-vars': ['error', { args: 'after-used', argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }],
      'no-unused-private-class-members': 'off',
      // An error made of nothing has no stack.
      'no-throw-literal': 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      // Modes differ between files without it.
      strict: ['error', 'global']
    }
  },
  { files: ['dashboard/**/*.js', 'dashboard/**/*.mjs'], languageOptions: { sourceType: 'module', globals: { ...globals.browser, uPlot: 'readonly' } } },
  // What they have a page evaluate runs in the page.
  { files: ['__test__/servers/*.js'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' } }
]
