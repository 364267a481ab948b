module.exports = async (job) => {
  await new Promise((resolve) => setTimeout(resolve, job.data.ms));
};
