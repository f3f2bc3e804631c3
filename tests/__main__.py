def main() -> None:
    import sys
    print(__name__, __file__, sys.path[:3])
