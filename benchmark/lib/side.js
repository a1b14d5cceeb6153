'use strict'

// The child process of one side of one pair: gets a job, runs its workload, reports, ends. A failure's stack goes to
// stderr.

process.once('disconnect', () => process.exit(1)) // never outlives the run that started it

process.once('message', async ({ workload, ...job }) => {
  try {
    const result = await require(`../workloads/${workload}`)(job)
    process.send({ result }, () => process.exit(0))
  } catch (error) {
    console.error(error)
    process.send({ error: error.message ?? String(error) }, () => process.exit(1))
  }
})
