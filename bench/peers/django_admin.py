"""Django's admin over the office's rows, for one account that may look at them, add and change, and no more.

BENCH_DATABASE_URL=sqlite:///office.db BENCH_FOLDER=var/bench gunicorn bench.peers.django_admin:application
"""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

from bench.peers import place

PERSISTENT = {"CONN_MAX_AGE": None}


def _sqlite(file: str) -> dict[str, Any]:
    pragmas = ";".join(f"PRAGMA {pragma}" for pragma in place.PRAGMAS)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {"init_command": pragmas, "transaction_mode": "IMMEDIATE", "timeout": place.PATIENCE},
        **PERSISTENT,
    }


def _office(url: str) -> dict[str, Any]:
    if file := place.sqlite_file(url):
        return _sqlite(file)
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: parts[part] for name, part in names.items() if part in parts},
        **PERSISTENT,
    }


class Router:
    """The office's tables lie in the office's database and stay as they are; Django's own lie in Django's."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "office" if model._meta.app_label == "django_office" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "default" and app_label != "django_office"


settings.configure(
    DATABASES={"default": _sqlite(str(place.folder() / "django.db")), "office": _office(place.database())},
    DATABASE_ROUTERS=[f"{__name__}.Router"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "bench.peers.django_office",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    ALLOWED_HOSTS=["*"],
    LANGUAGE_CODE="zh-hans",
    ROOT_URLCONF=__name__,
    SECRET_KEY="protects nothing but a measurement",
    STATIC_URL="static/",
    TIME_ZONE="UTC",
    USE_TZ=False,  # the office keeps moments in UTC without a zone
)
django.setup()


def _first_start() -> None:
    """Django's own tables, and the account with its role."""
    from django.contrib.auth.models import Group, Permission, User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if User.objects.filter(username=place.USER).exists():
        return
    rights = Permission.objects.filter(content_type__app_label="django_office").exclude(codename__startswith="delete_")
    role = Group.objects.create(name="Clerk")
    role.permissions.set(rights)
    User.objects.create_user(place.USER, password=place.PASSWORD, is_staff=True).groups.add(role)


with place.one_at_a_time():
    _first_start()

from django.contrib import admin  # noqa: E402  (only once the apps are there)

urlpatterns = [path("admin/", admin.site.urls)]
application = get_wsgi_application()
