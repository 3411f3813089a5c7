"""What decides the last digits of a result, besides the seed: versions and hardware."""

import platform

import torch

import textcnn


def environment() -> dict[str, str]:
    """By name, as manifests of checkpoints keep it."""
    instructions = torch.backends.cpu.get_cpu_capability()
    hardware = f"{platform.machine()} with {instructions}"
    if torch.accelerator.is_available():
        hardware += f", {accelerator_name()}"
    return {
        "textcnn": textcnn.__version__,
        "torch": torch.__version__,
        "Python": platform.python_version(),
        "hardware": hardware,
    }


def accelerator_name() -> str:
    """Such as `NVIDIA H100 80GB HBM3`; the kind of device where PyTorch has no name for it."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    device = torch.accelerator.current_accelerator()
    return "no accelerator" if device is None else device.type
