"""The processes that train one run: this one, or those of torchrun."""

import atexit
import gc

import torch
from accelerate import Accelerator

if torch.distributed.is_available():
    # Its functions take the process group as a default argument. Imported later, by
    # DistributedDataParallel, they would keep the group and its threads until the process ends.
    import torch.distributed.nn.functional


def join_processes() -> Accelerator:
    """Connect to the other processes, if there are any, until this process exits."""
    connected = is_connected()
    # without `cpu`, processes on a machine with no GPU would not find each other
    accelerator = Accelerator(cpu=not torch.accelerator.is_available())
    if is_connected() and not connected:
        atexit.register(leave_processes)
    return accelerator


def leave_processes() -> None:
    """Close the connections: their threads can abort a process that exits while they run."""
    gc.collect()  # networks in reference cycles hold the group
    if is_connected():
        torch.distributed.destroy_process_group()


def is_connected() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
