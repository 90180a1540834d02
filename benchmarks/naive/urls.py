from django.urls import path

from benchmarks.naive import views

urlpatterns = [path("webhook/", views.webhook), path("healthz", views.healthz)]
