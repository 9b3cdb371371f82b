"""Steps run in other processes, watched and stoppable; alone in knowing dask.distributed."""

from napari_synapse_debug.jobs.context import run_inline
from napari_synapse_debug.jobs.job import Job, JobStatus
from napari_synapse_debug.jobs.runner import JobRunner, Lane

__all__ = ["Job", "JobRunner", "JobStatus", "Lane", "run_inline"]
