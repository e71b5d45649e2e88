"""django 13158: none() on a union/intersection/difference queryset must give nothing, also in a form."""

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()

from django import forms
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection


def _fill():
    if "auth_group" not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            for model in (ContentType, Permission, Group, User):
                editor.create_model(model)
    User.objects.all().delete()
    Group.objects.all().delete()
    for pk in range(1, 8):
        Group.objects.create(pk=pk, name="group %d" % pk)


def _union():
    return Group.objects.filter(id__lt=2).union(Group.objects.filter(id__gt=5))


def test_none_on_union():
    _fill()
    assert list(_union().none()) == []
    assert sorted(g.pk for g in _union()) == [1, 6, 7]


def test_none_on_other_combinators():
    _fill()
    low = Group.objects.filter(id__lt=5)
    high = Group.objects.filter(id__gt=2)
    assert list(low.intersection(high).none()) == []
    assert list(low.difference(high).none()) == []
    assert sorted(g.pk for g in low.intersection(high)) == [3, 4]
    assert sorted(g.pk for g in low.difference(high)) == [1, 2]


def test_empty_form_adds_no_object():
    _fill()

    class UserForm(forms.ModelForm):
        groups = forms.ModelMultipleChoiceField(_union(), required=False)

        class Meta:
            model = User
            fields = ["username", "groups"]

    form = UserForm({"username": "ann"})
    assert form.is_valid(), form.errors
    assert list(form.save().groups.all()) == []
