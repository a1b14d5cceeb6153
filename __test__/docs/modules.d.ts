// Packages without types of their own here.
declare module 'express'
declare module 'pino'
