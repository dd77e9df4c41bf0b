"""Help: a person's request with what she chose to send, the thread about it, the inbox of those who help."""

from pandaas.support.excerpt import LONGEST_LOG, excerpt
from pandaas.support.pictures import LARGEST, Picture, checked
from pandaas.support.service import Support
from pandaas.support.views import Asked, Fact, MessageView, PictureView, RequestPage, RequestView, SentPicture, Unread

__all__ = [
    "LARGEST",
    "LONGEST_LOG",
    "Asked",
    "Fact",
    "MessageView",
    "Picture",
    "PictureView",
    "RequestPage",
    "RequestView",
    "SentPicture",
    "Support",
    "Unread",
    "checked",
    "excerpt",
]
