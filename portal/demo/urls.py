from django.urls import path

from portal.demo import views

urlpatterns = [
    path("mailbox/", views.mailbox, name="demo-mailbox"),
    path("mailbox/<int:pk>/", views.mail, name="demo-mail"),
    path("jump/", views.jump, name="demo-jump"),
]
