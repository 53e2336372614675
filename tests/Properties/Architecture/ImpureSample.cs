using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Functional.Tests.Properties.Architecture;

/// <summary>A crime a line, so that the purity check is seen to find each.</summary>
sealed partial class ImpureSample
{
#pragma warning disable CA1823, CA2211, CA5394, IDE0051, CA1810, CS0414, CS0169, CS0649 // they are crimes on purpose
    public static int Assignable;
    public static readonly int[] Array = [1];
    static readonly List<int> Growing = [];
    [ThreadStatic] static int perThread;
#pragma warning restore CA1823, CA2211, CA5394, IDE0051, CA1810, CS0414, CS0169, CS0649

    public static string File() => System.IO.File.ReadAllText("x");
    public static object Opening() => new FileStream("x", FileMode.Open);
    public static string Folder() => Path.GetTempPath();
    public static void Console() => System.Console.WriteLine();
    public static string Machine() => Environment.MachineName;
    public static int Thread() => Environment.CurrentManagedThreadId;
    public static DateTime Clock() => DateTime.UtcNow;
    public static long Watch() => Stopwatch.GetTimestamp();
    public static Guid Name() => Guid.NewGuid();
    public static object Chance() => new Random(1);
    public static Task Start() => Task.Run(() => { });
    public static object Wait() => new SemaphoreSlim(1);
    public static void Swap() => Interlocked.Increment(ref Assignable);
    public static Func<string> Hidden() => () => Environment.NewLine;
    public static int Size() => Growing.Count + perThread;

    public static IEnumerable<string> Later()
    {
        yield return Environment.CommandLine;
    }

    [LibraryImport("libc")]
    public static partial int getpid();
}

/// <summary>What a pure assembly may well do, close as it comes to the above.</summary>
sealed class PureSample
{
    static readonly string[] Words = ["a", "b"];
    static readonly (int, string) Pair = (1, "x");

    public event Action? Changed;

    public static IEnumerable<string> Later()
    {
        foreach (var word in Words) yield return word + Pair.Item2;
    }

    public static Func<int, int> Lambda() => static x => x + 1;

    public static DateTime Given(DateTime x) => x.AddDays(1);

    public void Raise() => Changed?.Invoke();
}
