using Xunit;

namespace Functional.Tests.Properties.Engine;

public class ThreadTeamTests
{
    private sealed class Delegated(Action<int, int> body) : Work
    {
        public override void Run(int task, int worker) => body(task, worker);
    }

    private sealed class Counting(int tasks) : Work
    {
        public readonly int[] Visits = new int[tasks];

        public override void Run(int task, int worker) => Interlocked.Increment(ref Visits[task]);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(5)]
    public void Every_task_runs_exactly_once_in_every_run(int threads)
    {
        using var team = new ThreadTeam(threads);
        for (var round = 0; round < 2000; round++)
        {
            var tasks = round * 7919 % 23;
            var work = new Counting(tasks);
            team.Run(work, tasks);
            Assert.All(work.Visits, visits => Assert.Equal(1, visits));
        }
    }

    [Fact]
    public void Workers_wake_from_parking()
    {
        using var team = new ThreadTeam(3);
        for (var round = 0; round < 20; round++)
        {
            Thread.Sleep(round % 3);
            using var meeting = new Barrier(3);
            // No task can finish before all three workers hold one.
            team.Run(new Delegated((_, _) => Assert.True(meeting.SignalAndWait(20_000, TestContext.Current.CancellationToken))), 3);
        }
    }

    [Fact]
    public void Worker_numbers_name_distinct_threads_and_the_caller_is_zero()
    {
        using var team = new ThreadTeam(3);
        using var meeting = new Barrier(3);
        var threads = new int[3];
        team.Run(new Delegated((_, worker) =>
        {
            meeting.SignalAndWait(TestContext.Current.CancellationToken);
            threads[worker] = Environment.CurrentManagedThreadId;
        }), 3);
        Assert.Equal(Environment.CurrentManagedThreadId, threads[0]);
        Assert.Equal(3, threads.Distinct().Count());
        Assert.DoesNotContain(0, threads);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void A_fault_reaches_the_caller_and_the_team_survives(int threads)
    {
        using var team = new ThreadTeam(threads);
        for (var round = 0; round < 50; round++)
        {
            var bad = round % 7;
            var thrown = Assert.Throws<InvalidDataException>(() => team.Run(new Delegated((task, _) =>
            {
                if (task == bad)
                    throw new InvalidDataException("task " + task);
            }), 7));
            Assert.Equal("task " + bad, thrown.Message);
            var work = new Counting(9);
            team.Run(work, 9);
            Assert.All(work.Visits, visits => Assert.Equal(1, visits));
        }
    }

    [Fact]
    public void Runs_do_not_nest()
    {
        using var team = new ThreadTeam(2);
        var inner = new Counting(4);
        Assert.Throws<InvalidOperationException>(() => team.Run(new Delegated((_, _) => team.Run(inner, 4)), 2));
    }

    [Fact]
    public void A_run_allocates_nothing_on_the_caller()
    {
        using var team = new ThreadTeam(2);
        var work = new Counting(16);
        team.Run(work, 16);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++)
            team.Run(work, 16);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public unsafe void Scratch_is_aligned_private_and_grows()
    {
        using var team = new ThreadTeam(3);
        foreach (var bytes in new long[] { 1, 5000, 100, 1 << 20 })
        {
            team.EnsureScratch(bytes);
            Assert.True(team.ScratchBytes >= bytes);
            for (var worker = 0; worker < 3; worker++)
            {
                Assert.Equal(0, (nint)team.Scratch(worker) % 64);
                new Span<byte>(team.Scratch(worker), (int)bytes).Fill((byte)(worker + 1));
            }
            for (var worker = 0; worker < 3; worker++)
                Assert.False(new Span<byte>(team.Scratch(worker), (int)bytes).ContainsAnyExcept((byte)(worker + 1)));
        }
    }

    [Fact]
    public void Disposal_ends_the_threads_and_later_runs_are_refused()
    {
        var team = new ThreadTeam(3);
        var work = new Counting(8);
        team.Run(work, 8);
        team.Dispose();
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(work, 8));
    }
}
