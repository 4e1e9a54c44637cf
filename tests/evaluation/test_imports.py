import subprocess
import sys


def test_the_metrics_need_nothing_heavy() -> None:
    program = "import sys, workshop_lib.evaluation; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "sklearn", "pandas", "torch", "tensorflow", "mlflow", "chromadb"} & set(loaded)
