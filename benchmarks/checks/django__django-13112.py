"""django 13112: makemigrations/migrate must work for a ForeignKey in an app whose name has upper-case letters."""

import os
import subprocess
import sys


def _django(tmp_path, *args):
    env = dict(os.environ, DJANGO_SETTINGS_MODULE="acc_settings")
    inherited = [
        os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p
    ]
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), os.getcwd()] + inherited)
    proc = subprocess.run(
        [sys.executable, "-m", "django"] + list(args),
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return proc.returncode, proc.stdout


def _project(tmp_path, apps):
    for name, models in apps.items():
        app = tmp_path / name
        app.mkdir()
        (app / "__init__.py").write_text("")
        (app / "models.py").write_text("from django.db import models\n" + models)
    (tmp_path / "acc_settings.py").write_text(
        'SECRET_KEY = "x"\nINSTALLED_APPS = %r\n'
        'DEFAULT_AUTO_FIELD = "django.db.models.AutoField"\n'
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": %r}}\n'
        % (list(apps), str(tmp_path / "db.sqlite3"))
    )


def _migrate_all(tmp_path, labels):
    code, out = _django(tmp_path, "makemigrations", *labels)
    assert code == 0, out
    for label in labels:
        assert (tmp_path / label / "migrations" / "0001_initial.py").exists(), out
    code, out = _django(tmp_path, "migrate")
    assert code == 0, out
    code, out = _django(tmp_path, "makemigrations", "--check", "--dry-run")
    assert code == 0, out


def test_reported_app(tmp_path):
    _project(
        tmp_path,
        {
            "DJ_RegLogin": (
                "class Category(models.Model):\n"
                "    title = models.CharField(max_length=100)\n"
                "class Content(models.Model):\n"
                "    category = models.ForeignKey(Category, on_delete=models.CASCADE)\n"
            )
        },
    )
    _migrate_all(tmp_path, ["DJ_RegLogin"])


def test_reference_to_another_mixed_case_app(tmp_path):
    _project(
        tmp_path,
        {
            "ShopBase": "class Product(models.Model):\n    pass\n",
            "orderDesk": (
                "class OrderLine(models.Model):\n"
                '    product = models.ForeignKey("ShopBase.Product", on_delete=models.CASCADE)\n'
            ),
        },
    )
    _migrate_all(tmp_path, ["ShopBase", "orderDesk"])


def test_lower_case_app_still_works(tmp_path):
    _project(
        tmp_path,
        {
            "blogapp": (
                "class Author(models.Model):\n    pass\n"
                "class Post(models.Model):\n"
                '    author = models.ForeignKey("Author", on_delete=models.CASCADE)\n'
            )
        },
    )
    _migrate_all(tmp_path, ["blogapp"])
