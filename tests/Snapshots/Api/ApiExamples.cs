namespace Functional.Tests.Snapshots.Api;

#pragma warning disable CA1051, CA1052, CA1003, CA1040, CA1041, CA1711, CA1720, CA1724, CA1813, CA1819, CA2211, CA2217, CA1008, CA1028, CA1200, CA1065, CS0067, CS0649

/// <summary>One of each kind that an API may be made of, and what must not be seen beside it.</summary>
public static class ApiExamples
{
    public interface IShape<in TIn, out TOut> where TIn : notnull
    {
        TOut Map(TIn from);
        int Sides => 3;
        static abstract IShape<TIn, TOut> Unit { get; }
    }

    public sealed record Point(int X, string? Name = null) : IDisposable
    {
        public double Weight { get; init; } = 1;
        public required string Label { get; set; }
        internal int Hidden { get; set; }
        public int Seen { get; private set; }
        public void Dispose() { }
        public static Point operator +(Point a, Point b) => a;
        public static explicit operator int(Point p) => p.X;
    }

    public readonly record struct Pair<T>(T First, T Second) where T : unmanaged;

    public abstract class Base<T> where T : class, new()
    {
        protected Base(T? held) => Held = held;
        private protected Base() { }
        public T? Held { get; protected set; }
        protected abstract int Count();
        protected internal virtual void Widen() { }
        private protected void Hide() { }
        public override string ToString() => "";
        public event EventHandler<string?>? Happened;
    }

    public sealed class Derived() : Base<object>(null)
    {
        public const string Word = "a \"word\"\n";
        public static readonly int[][] Numbers = [];
        protected override int Count() => 0;
        public string this[int at, string? key = null] => key ?? $"{at}";
        public class Inner<TInner> { public TInner? One { get; init; } }
    }

    public ref struct Cursor
    {
        public int Place;
        public readonly ref readonly int At(in int from, ref int to, out int end, scoped ReadOnlySpan<char> text)
        {
            end = 0;
            return ref System.Runtime.CompilerServices.Unsafe.NullRef<int>();
        }
    }

    [Flags]
    public enum Colours : byte { None = 0, Red = 1, Blue = 2 }

    public delegate TOut? Fold<TIn, TOut>(TIn from, params IReadOnlyList<(string? Name, (int Low, int High) Range)?> texts) where TIn : struct;

    [Obsolete("Another does it.")]
    public static List<string?>? Old(
        Dictionary<string, object?> by, Colours colour = Colours.Red | Colours.Blue, double rate = 3e-4, CancellationToken cancellation = default) => null;

    public static TItem? FirstOf<TItem>(this IEnumerable<TItem> items, Func<TItem, bool>? where = null, long? count = 5, char mark = ',')
        where TItem : IComparable<TItem>? => default;

    extension(Colours colour)
    {
        public bool IsDark => colour == Colours.Blue;
        public Colours With(Colours other = Colours.Red) => colour | other;
    }

    public static bool Find<T>([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? key, IReadOnlyDictionary<string, Task<T?>[]?> among, out T found)
    {
        found = default!;
        return key is not null && among.Count > 0;
    }

    internal sealed class Unseen { public int Value { get; set; } }
}
