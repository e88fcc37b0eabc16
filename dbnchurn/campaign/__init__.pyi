from .log import ContactLog as ContactLog
